"""Small Panoptic-DeepLab on embedded scenes; the rate is chosen here."""

_base_ = [
    '../_base_/models/panoptic-deeplab_r18-slim.py',
    '../_base_/datasets/scenes_panoptic.py',
    '../_base_/schedules/schedule_1200-iter.py',
    '../_base_/default_runtime.py',
]
model = dict(panoptic_head=dict(num_things_classes=8, num_stuff_classes=11))
optim_wrapper = dict(optimizer=dict(lr=0.004))
