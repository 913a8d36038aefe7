"""Small UPerNet on embedded scenes; the rate is that of the small Panoptic-FPN."""

_base_ = [
    '../_base_/models/upernet_r18-slim.py',
    '../_base_/datasets/scenes_panoptic_instances.py',
    '../_base_/schedules/schedule_1200-iter.py',
    '../_base_/default_runtime.py',
]
classes = dict(num_things_classes=8, num_stuff_classes=11)
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=8), mask_head=dict(num_classes=8)),
    semantic_head=classes,
    panoptic_fusion_head=classes,
)
optim_wrapper = dict(optimizer=dict(lr=0.004))
