"""Cityscapes for models that detect instances: shorter side 800 to 1024, with masks.

Scales and batch are those of mmdet's instance segmentation on Cityscapes; the paper
trains no such model on Cityscapes.
"""

_base_ = './cityscapes_panoptic.py'
full_size = (2048, 1024)  # width, height

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(
        type='RandomResize',
        scale=[(2048, 800), full_size],
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmdet.Resize', scale=full_size, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=1,  # 8 on 8 GPUs
    batch_sampler=dict(type='mmdet.AspectRatioBatchSampler'),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
