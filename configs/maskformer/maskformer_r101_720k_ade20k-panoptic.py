"""MaskFormer R-101 on ADE20K panoptic; the bases name the sources of all numbers."""

_base_ = [
    '../_base_/models/maskformer_r50.py',
    '../_base_/datasets/ade20k_panoptic.py',
    '../_base_/schedules/schedule_720k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101'))
)
