"""Hosts: one file per family, where F, S and I come from and where F' goes."""

from .panoptic_deeplab import PISRPanopticDeepLab
from .query import PISRMask2FormerHead, PISRMaskFormerHead
from .two_stage import PISRTwoStagePanopticSegmentor

__all__ = [
    'PISRMask2FormerHead',
    'PISRMaskFormerHead',
    'PISRPanopticDeepLab',
    'PISRTwoStagePanopticSegmentor',
]
