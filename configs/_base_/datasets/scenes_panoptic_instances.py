"""Embedded scenes for models that detect instances: boxes and masks of things."""

_base_ = './scenes_panoptic.py'

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
