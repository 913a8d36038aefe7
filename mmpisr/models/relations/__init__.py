"""The paper's relation and the alternatives it is compared with.

Only torch and mmengine are imported here, so that a relation can be used, tested and
exported without mmdet.
"""

from .attention import PanopticRelationalAttention
from .base import BaseRelation, RelationInputs, RelationOutput
from .concat import ConcatRelation
from .conv import ConvRelation
from .encodings import mask_confidence, panoptic_encodings
from .fusion import Fusion, Gated
from .ocr import OCRRelation
from .pisr import PISR
from .product import ProductRelation
from .reweighting import EncodingReweighting

__all__ = [
    'PISR',
    'BaseRelation',
    'ConcatRelation',
    'ConvRelation',
    'EncodingReweighting',
    'Fusion',
    'Gated',
    'OCRRelation',
    'PanopticRelationalAttention',
    'ProductRelation',
    'RelationInputs',
    'RelationOutput',
    'mask_confidence',
    'panoptic_encodings',
]
