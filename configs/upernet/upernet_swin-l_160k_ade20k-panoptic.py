"""UPerNet Swin-L on ADE20K panoptic, in mixed precision.

Mixed precision is chosen here; the bases name the sources of the other numbers.
"""

_base_ = [
    '../_base_/models/upernet_swin-l.py',
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
optim_wrapper = dict(type='AmpOptimWrapper', loss_scale='dynamic')
