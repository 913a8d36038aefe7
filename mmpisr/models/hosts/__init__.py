"""Hosts: one file per family, where F, S and I come from and where F' goes."""

from .common import IntermediateSupervision, RelationHost, recorded, valid_pixels
from .panoptic_deeplab import PISRPanopticDeepLab
from .query import PISRMask2FormerHead, PISRMaskFormerHead
from .two_stage import PISRTwoStagePanopticSegmentor

__all__ = [
    'IntermediateSupervision',
    'PISRMask2FormerHead',
    'PISRMaskFormerHead',
    'PISRPanopticDeepLab',
    'PISRTwoStagePanopticSegmentor',
    'RelationHost',
    'recorded',
    'valid_pixels',
]
