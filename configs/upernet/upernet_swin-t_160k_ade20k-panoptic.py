"""UPerNet Swin-T on ADE20K panoptic; the bases name the sources of all numbers."""

_base_ = [
    '../_base_/models/upernet_swin-t.py',
    '../_base_/datasets/ade20k_panoptic.py',
    '../_base_/schedules/schedule_160k.py',
    '../_base_/default_runtime.py',
]
classes = dict(num_things_classes=100, num_stuff_classes=50)
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=100), mask_head=dict(num_classes=100)),
    semantic_head=classes,
    panoptic_fusion_head=classes,
)
