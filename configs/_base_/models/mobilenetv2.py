"""ImageNet MobileNetV2 as the backbone of a model of mmdet: strides 4, 8, 16 and 32.

It ends before the last convolution, which mmdet's own class computes without using it.
The weights are torchvision's, see ``panoptic-deeplab_mobilenetv2.py``. An inheriting
config replaces a backbone with ``dict(_delete_=True, **_base_.mobilenetv2)``. The
levels have 24, 32, 96 and 320 channels.
"""

mobilenetv2 = dict(
    type='mmseg.MobileNetV2',
    out_indices=(1, 2, 4, 6),
    norm_cfg=dict(type='BN', requires_grad=True),
    norm_eval=True,
    init_cfg=dict(type='Pretrained', checkpoint='pretrained/mobilenet_v2.pth'),
)
