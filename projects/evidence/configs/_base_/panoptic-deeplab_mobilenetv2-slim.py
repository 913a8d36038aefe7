"""The slim Panoptic-DeepLab on MobileNetV2, for small photographs."""

_base_ = [
    '../../../../configs/_base_/models/panoptic-deeplab_mobilenetv2-slim.py',
    './photos_panoptic.py',
    './schedule_600-iter.py',
    '../../../../configs/_base_/default_runtime.py',
]
