"""The paper's relation and the alternatives it is compared with.

Only torch and mmengine are imported here, so that a relation can be used, tested and
exported without mmdet.
"""

from .alternatives import ConcatRelation, ConvRelation, ProductRelation
from .base import BaseRelation, RelationInputs, RelationOutput
from .encodings import (
    EncodingReweighting,
    MaskSums,
    mask_confidence,
    mask_sums,
    panoptic_encodings,
)
from .fusion import Fusion, Gated
from .norms import ChannelLayerNorm
from .ocr import OCRRelation
from .pisr import PISR, PanopticRelationalAttention

__all__ = [
    'PISR',
    'BaseRelation',
    'ChannelLayerNorm',
    'ConcatRelation',
    'ConvRelation',
    'EncodingReweighting',
    'Fusion',
    'Gated',
    'MaskSums',
    'OCRRelation',
    'PanopticRelationalAttention',
    'ProductRelation',
    'RelationInputs',
    'RelationOutput',
    'mask_confidence',
    'mask_sums',
    'panoptic_encodings',
]
