"""Panoptic-DeepLab R-52 on Cityscapes; all numbers are detectron2's."""

_base_ = [
    '../_base_/models/panoptic-deeplab_r52.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(panoptic_head=dict(num_things_classes=8, num_stuff_classes=11))
