"""mmdet's MaskFormer on an ImageNet MobileNetV2."""

_base_ = [
    'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py',
    '../_base_/models/mobilenetv2.py',
]
model = dict(
    backbone=dict(_delete_=True, **_base_.mobilenetv2),
    panoptic_head=dict(in_channels=[24, 32, 96, 320]),
)
