"""The paper's relation and the alternatives it is compared with.

Only torch and mmengine are imported here, so that a relation can be used, tested and
exported without mmdet.
"""

from .alternatives import ConcatRelation, ConvRelation, ProductRelation
from .base import (
    BaseRelation,
    ChannelLayerNorm,
    Fusion,
    GatedResidual,
    RelationInputs,
    RelationOutput,
    without_autocast,
)
from .encodings import (
    EncodingReweighting,
    MaskSums,
    mask_confidence,
    mask_sums,
    normalise_channels,
    panoptic_encodings,
    valid_area,
)
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
    'GatedResidual',
    'MaskSums',
    'OCRRelation',
    'PanopticRelationalAttention',
    'ProductRelation',
    'RelationInputs',
    'RelationOutput',
    'mask_confidence',
    'mask_sums',
    'normalise_channels',
    'panoptic_encodings',
    'valid_area',
    'without_autocast',
]
