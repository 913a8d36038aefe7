"""mmdet's Panoptic-FPN on an ImageNet MobileNetV2."""

_base_ = [
    'mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py',
    '../_base_/models/mobilenetv2.py',
]
model = dict(
    backbone=dict(_delete_=True, **_base_.mobilenetv2),
    neck=dict(in_channels=[24, 32, 96, 320]),
)
