"""Panoptic-DeepLab HRNet-W48 on Cityscapes.

The paper gives no training settings for HRNet: those of R-52 are taken.
"""

_base_ = [
    '../_base_/models/panoptic-deeplab_hrnet-w48.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    neck=dict(pool_size=(16, 32)),  # the crop over 32, the coarsest stride
    panoptic_head=dict(num_things_classes=8, num_stuff_classes=11),
)
