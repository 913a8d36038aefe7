_base_ = [
    '../_base_/models/panoptic-deeplab_mobilenetv2.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(panoptic_head=dict(num_things_classes=8, num_stuff_classes=11))
