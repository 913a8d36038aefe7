"""UPerNet for panoptic segmentation, which mmdet lacks."""

from .detector import PanopticUPerNet
from .neck import PyramidPoolingFPN
from .semantic_head import UPerNetHead

__all__ = ['PanopticUPerNet', 'PyramidPoolingFPN', 'UPerNetHead']
