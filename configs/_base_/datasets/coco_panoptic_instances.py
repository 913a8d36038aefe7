"""COCO for models that detect instances: shorter side 480 to 800, boxes and masks.

Scales and batch are those of mmdet's multi-scale training; the paper gives none.
"""

_base_ = './coco_panoptic.py'
max_side = 1333

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(
        type='RandomChoiceResize',
        scales=[(max_side, side) for side in range(480, 801, 32)],
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmdet.Resize', scale=(max_side, 800), keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=2,  # 16 on 8 GPUs
    batch_sampler=dict(type='mmdet.AspectRatioBatchSampler'),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
