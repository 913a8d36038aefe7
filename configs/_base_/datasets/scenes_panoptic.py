"""Embedded scenes, 128 x 192: 8 things, 11 stuff classes, 6 of the 19 relational.

Made by ``tools/dataset_converters/generate_scenes.py``. Another folder:
``--cfg-options data_root=...`` (see ``mmpisr.datasets.merge_options``).
"""

dataset_type = 'mmpisr.PanopticScenes'
data_root = 'data/scenes/'
backend_args = None

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=4),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/panoptic_train.json',
        data_prefix=dict(img='images/train/', seg='annotations/panoptic_train/'),
        pipeline=train_pipeline,
        backend_args=backend_args,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
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
