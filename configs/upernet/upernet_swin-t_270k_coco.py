"""UPerNet Swin-T on COCO; the bases name the sources of all numbers."""

_base_ = [
    '../_base_/models/upernet_swin-t.py',
    '../_base_/datasets/coco_panoptic_instances.py',
    '../_base_/schedules/schedule_270k.py',
    '../_base_/default_runtime.py',
]
classes = dict(num_things_classes=80, num_stuff_classes=53)
model = dict(semantic_head=classes, panoptic_fusion_head=classes)
