"""A small UPerNet that two CPU cores train from scratch in minutes.

Backbone, RPN and RoI heads are those of the small Panoptic-FPN. The widths are chosen
here.
"""

_base_ = './panoptic-fpn_r18-slim.py'
group_norm = dict(type='GN', num_groups=8)

model = dict(
    type='mmpisr.PanopticUPerNet',
    neck=dict(type='mmpisr.PyramidPoolingFPN', pool_norm_cfg=group_norm),
    semantic_head=dict(
        _delete_=True,
        type='mmpisr.UPerNetHead',
        in_channels=64,
        channels=32,
        norm_cfg=group_norm,
    ),
)
