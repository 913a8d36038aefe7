"""Panoptic-DeepLab, which mmdet does not have."""

from .decoder import ASPP, DeepLabDecoder, DualDecoder
from .detector import PanopticDeepLab
from .head import PanopticDeepLabHead, PanopticDeepLabMaps
from .losses import HardPixelCrossEntropy

__all__ = [
    'ASPP',
    'DeepLabDecoder',
    'DualDecoder',
    'HardPixelCrossEntropy',
    'PanopticDeepLab',
    'PanopticDeepLabHead',
    'PanopticDeepLabMaps',
]
