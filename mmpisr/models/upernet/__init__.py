"""UPerNet for panoptic segmentation, which mmdet does not have."""

from .upernet import PanopticUPerNet, PyramidPoolingFPN, UPerNetHead

__all__ = ['PanopticUPerNet', 'PyramidPoolingFPN', 'UPerNetHead']
