"""Panoptic-DeepLab R-52 on Cityscapes with PISR and test-time augmentation."""

_base_ = [
    '../pisr_panoptic-deeplab_r52_90k_cityscapes.py',
    '../../_base_/tta/panoptic-deeplab.py',
]
