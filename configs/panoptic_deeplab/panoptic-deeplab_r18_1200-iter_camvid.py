"""Small Panoptic-DeepLab on CamVid; all numbers are chosen here."""

_base_ = [
    '../_base_/models/panoptic-deeplab_r18-slim.py',
    '../_base_/datasets/camvid_panoptic.py',
    '../_base_/schedules/schedule_1200-iter.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(
        batch_augments=[dict(type='mmdet.BatchFixedSizePad', size=(192, 240))]
    ),
    panoptic_head=dict(
        num_things_classes=3,
        num_stuff_classes=8,
        loss_semantic=dict(top_ratio=1.0),  # all pixels, as the training is short
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.004))
