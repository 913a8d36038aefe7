"""Photographs for models that detect instances: boxes and masks of things."""

_base_ = './photos_panoptic.py'
train_pipeline = [
    *_base_.train_pipeline[:-2],  # without Panoptic-DeepLab's targets
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
