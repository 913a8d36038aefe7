_base_ = [
    '../_base_/models/panoptic-deeplab_r18-slim.py',
    '../_base_/datasets/camvid_panoptic.py',
    '../_base_/schedules/schedule_1500-iter.py',
    '../_base_/default_runtime.py',
]
model = dict(
    panoptic_head=dict(num_things_classes=3, num_stuff_classes=8),
)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1500))
log_processor = dict(by_epoch=False)
