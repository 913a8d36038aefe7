"""The small Panoptic-FPN on an ImageNet MobileNetV2, its first six stages frozen.

Anchors are twice as large as for scenes: things in these photographs are large.
"""

_base_ = [
    '../../../../configs/_base_/models/panoptic-fpn_r18-slim.py',
    '../../../../configs/_base_/models/mobilenetv2.py',
    './photos_panoptic_instances.py',
    './schedule_600-iter.py',
    '../../../../configs/_base_/default_runtime.py',
]
model = dict(
    backbone=dict(_delete_=True, **_base_.mobilenetv2, frozen_stages=6),
    neck=dict(in_channels=[24, 32, 96, 320]),
    rpn_head=dict(anchor_generator=dict(scales=[8])),
    test_cfg=dict(panoptic=dict(stuff_area_limit=256)),
)
