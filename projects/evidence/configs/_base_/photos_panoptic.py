"""Small photographs, COCO panoptic: long side 240 for the network, scores as drawn.

The classes are left to the config that knows the data. Another folder:
``--cfg-options data_root=...``.
"""

data_root = 'data/msrc22/'
backend_args = None
scale = (240, 240)
crop_size = (240, 192)  # width, height

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.8, 1.4),
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=crop_size),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PhotoMetricDistortion'),
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=6, small_instance_area=256),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmdet.Resize', scale=scale, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='mmpisr.PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_train.json',
        data_prefix=dict(img='images/train/', seg='annotations/panoptic_train/'),
        pipeline=train_pipeline,
        backend_args=backend_args,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmpisr.PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_val.json',
        data_prefix=dict(img='images/val/', seg='annotations/panoptic_val/'),
        test_mode=True,
        pipeline=test_pipeline,
        backend_args=backend_args,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='mmpisr.PanopticMetric',
    ann_file=data_root + 'annotations/panoptic_val.json',
    miou=True,
    seg_prefix=data_root + 'annotations/panoptic_val/',
    backend_args=backend_args,
)
test_evaluator = val_evaluator
