"""Panoptic-DeepLab with a whole ResNet-18 and narrow decoders, trained from scratch."""

_base_ = './panoptic-deeplab_r18-slim.py'
model = dict(
    backbone=dict(stem_channels=64, base_channels=64),
    neck=dict(in_channels=(64, 128, 512)),
)
