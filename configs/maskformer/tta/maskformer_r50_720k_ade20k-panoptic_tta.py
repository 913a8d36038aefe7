"""MaskFormer R-50 on ADE20K panoptic with test-time augmentation."""

_base_ = [
    '../maskformer_r50_720k_ade20k-panoptic.py',
    '../../_base_/tta/query.py',
]
