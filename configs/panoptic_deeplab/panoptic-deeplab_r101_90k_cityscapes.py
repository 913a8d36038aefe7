"""Panoptic-DeepLab R-103 (101 layers and a deep stem) on Cityscapes.

All numbers are those of R-52, which are detectron2's.
"""

_base_ = [
    '../_base_/models/panoptic-deeplab_r52.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='pretrained/detectron2_r103.pth'),  # from R-103.pkl
    ),
    panoptic_head=dict(num_things_classes=8, num_stuff_classes=11),
)
