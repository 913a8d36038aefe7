"""Panoptic-DeepLab, which mmdet lacks."""

from .aspp import ASPP
from .decoder import DeepLabDecoder
from .detector import PanopticDeepLab
from .dual_decoder import DualDecoder
from .head import PanopticDeepLabHead
from .maps import PanopticDeepLabMaps

__all__ = [
    'ASPP',
    'DeepLabDecoder',
    'DualDecoder',
    'PanopticDeepLab',
    'PanopticDeepLabHead',
    'PanopticDeepLabMaps',
]
