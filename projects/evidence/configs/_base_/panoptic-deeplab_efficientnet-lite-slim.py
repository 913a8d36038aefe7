"""The base on EfficientNet-Lite0; the levels of stride 8, 16 and 32, not dilated."""

_base_ = './panoptic-deeplab_mobilenetv2-slim.py'
custom_imports = dict(imports=['evidence.efficientnet_lite'])
model = dict(
    data_preprocessor=dict(
        mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0], pad_size_divisor=32
    ),
    backbone=dict(
        _delete_=True,
        type='mmpisr.EfficientNetLite',
        version=0,
        out_indices=(3, 4, 5),
        frozen_stages=5,
        norm_eval=True,
    ),
    neck=dict(
        in_channels=(40, 112, 320),
        semantic=dict(project_channels=(32, 64)),
        instance=dict(project_channels=(32, 64)),
    ),
)
