"""Panoptic-DeepLab, MobileNetV2, output stride 16: the small backbone of its paper.

The number of classes and ``neck.pool_size`` are left to the config that knows the data.
ImageNet weights are torchvision's ``mobilenet_v2-b0353104.pth``
(https://download.pytorch.org/models/mobilenet_v2-b0353104.pth), converted by
``tools/model_converters/torchvision_mobilenet_v2.py``.
"""

_base_ = './panoptic-deeplab_r52.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.MobileNetV2',
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(1, 2, 6),
        norm_cfg=_base_.norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='pretrained/mobilenet_v2.pth'),
    ),
    neck=dict(in_channels=(24, 32, 320)),
)
