"""Small Mask2Former on embedded scenes; rate and clipping are chosen here."""

_base_ = [
    '../_base_/models/mask2former_r18-slim.py',
    '../_base_/datasets/scenes_panoptic_instances.py',
    '../_base_/schedules/schedule_1200-iter.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.002, weight_decay=0.0001),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
