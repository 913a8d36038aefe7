"""Panoptic-DeepLab on an ImageNet MobileNetV2, for CPUs: half as wide, at stride 8.

Decoders and heads work at stride 8, which suits images with large things. The first six
stages of the backbone are frozen. All of this is chosen here.
"""

_base_ = './panoptic-deeplab_mobilenetv2.py'
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
