"""UPerNet Swin-L on COCO, in mixed precision.

Mixed precision is chosen here; the bases name the sources of the other numbers.
"""

_base_ = [
    '../_base_/models/upernet_swin-l.py',
    '../_base_/datasets/coco_panoptic_instances.py',
    '../_base_/schedules/schedule_270k.py',
    '../_base_/default_runtime.py',
]
classes = dict(num_things_classes=80, num_stuff_classes=53)
model = dict(semantic_head=classes, panoptic_fusion_head=classes)
optim_wrapper = dict(type='AmpOptimWrapper', loss_scale='dynamic')
