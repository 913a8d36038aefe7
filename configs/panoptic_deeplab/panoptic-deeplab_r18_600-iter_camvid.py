_base_ = [
    '../_base_/models/panoptic-deeplab_r18.py',
    '../_base_/datasets/camvid_panoptic.py',
    '../_base_/schedules/schedule_600-iter.py',
    '../_base_/default_runtime.py',
]
model = dict(panoptic_head=dict(num_things_classes=3, num_stuff_classes=8))
auto_scale_lr = dict(base_batch_size=4)
