"""Panoptic-DeepLab R-52 on Cityscapes with test-time augmentation."""

_base_ = [
    '../panoptic-deeplab_r52_90k_cityscapes.py',
    '../../_base_/tta/panoptic-deeplab.py',
]
