"""Panoptic-DeepLab on an ImageNet MobileNetV2, for CPUs: half as wide, at stride 8.

Decoders and heads work at stride 8: things in these photographs are large, and a
training takes 40 % of the time that it takes at stride 4. The first six stages of the
backbone are frozen; the last one learns at a tenth of the rate. All of this, with the
schedule of 800 iterations of 8 crops, is chosen here.
"""

_base_ = [
    '../../../../configs/_base_/models/panoptic-deeplab_mobilenetv2.py',
    './photos_panoptic.py',
    '../../../../configs/_base_/schedules/schedule_1200-iter.py',
    '../../../../configs/_base_/default_runtime.py',
]
max_iters = 800
decoder = dict(aspp_channels=64, project_channels=(32,), dilations=(2, 4, 6))
model = dict(
    backbone=dict(frozen_stages=6, norm_eval=True, out_indices=(2, 6)),
    neck=dict(
        in_channels=(32, 320),
        pool_size=None,  # images are small: the mean of the whole image
        semantic=dict(out_channels=128, **decoder),
        instance=dict(out_channels=64, **decoder),
    ),
    panoptic_head=dict(
        stride=8,
        semantic_channels=128,
        instance_channels=64,
        semantic_head_channels=128,
        loss_semantic=dict(top_ratio=1.0),
    ),
    test_cfg=dict(stuff_area_limit=256),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=50, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
