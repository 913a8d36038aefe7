"""The small MaskFormer on an ImageNet MobileNetV2, its first six stages frozen."""

_base_ = [
    '../../../../configs/_base_/models/maskformer_r18-slim.py',
    '../../../../configs/_base_/models/mobilenetv2.py',
    './photos_panoptic_instances.py',
    './schedule_600-iter.py',
    '../../../../configs/_base_/default_runtime.py',
]
model = dict(
    backbone=dict(_delete_=True, **_base_.mobilenetv2, frozen_stages=6),
    panoptic_head=dict(in_channels=[24, 32, 96, 320]),
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.001, weight_decay=0.0001),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
