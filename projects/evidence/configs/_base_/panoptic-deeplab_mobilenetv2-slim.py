"""Panoptic-DeepLab on an ImageNet MobileNetV2, decoders of half width, for CPUs.

All stages of the backbone but the last are frozen; that one learns at a tenth of the
rate. The widths, the schedule and the frozen stages are chosen here.
"""

_base_ = [
    '../../../../configs/_base_/models/panoptic-deeplab_mobilenetv2.py',
    './photos_panoptic.py',
    '../../../../configs/_base_/schedules/schedule_1200-iter.py',
    '../../../../configs/_base_/default_runtime.py',
]
decoder = dict(aspp_channels=64, dilations=(2, 4, 6))
model = dict(
    backbone=dict(frozen_stages=6, norm_eval=True),
    neck=dict(
        pool_size=None,  # images are small: the mean of the whole image
        semantic=dict(out_channels=128, **decoder),
        instance=dict(out_channels=64, **decoder),
    ),
    panoptic_head=dict(
        semantic_channels=128,
        instance_channels=64,
        semantic_head_channels=128,
        loss_semantic=dict(top_ratio=1.0),
    ),
    test_cfg=dict(stuff_area_limit=256),
)
optim_wrapper = dict(
    optimizer=dict(lr=0.001),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
