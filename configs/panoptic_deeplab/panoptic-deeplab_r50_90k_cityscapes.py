"""Panoptic-DeepLab R-50 with OpenMMLab's ImageNet weights on Cityscapes.

All other numbers are those of R-52, which are detectron2's.
"""

_base_ = [
    '../_base_/models/panoptic-deeplab_r52.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        stem_channels=64,
        init_cfg=dict(checkpoint='open-mmlab://resnet50_v1c'),
    ),
    panoptic_head=dict(num_things_classes=8, num_stuff_classes=11),
)
