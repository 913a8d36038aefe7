"""ADE20K panoptic, 100 things and 50 stuff classes: crops of 640 x 640.

Folders as ``tools/dataset_converters/ade20k.py data/ADEChallengeData2016`` leaves them:
``images/{training,validation}``, ``ade20k_panoptic_{train,val}`` and the json beside
each. Those of mmdet's ``ade20k2coco.py`` have the same names, ids and categories and do
as well: boxes are taken from the pngs, for those of things in its json are wrong (the
converter reads the left edge from the segment before). Another folder:
``--cfg-options data_root=...`` (see ``mmpisr.datasets.merge_options``).

Scales and crop are those of MaskFormer's ADE20K-panoptic recipe; the paper gives none.
It counts 115 things and 35 stuff: ``ade20k_panoptic_115.py``.
"""

dataset_type = 'mmpisr.PanopticDataset'
data_root = 'data/ADEChallengeData2016/'
backend_args = None
crop_size = (640, 640)
max_side = 2560

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(
        type='RandomChoiceResize',
        scales=[(max_side, 64 * step) for step in range(5, 21)],
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=crop_size),
    dict(type='mmdet.PhotoMetricDistortion'),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmdet.Resize', scale=(max_side, 640), keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=2,  # on 8 GPUs: 16
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ade20k_panoptic_train.json',
        data_prefix=dict(img='images/training/', seg='ade20k_panoptic_train/'),
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
        ann_file='ade20k_panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='ade20k_panoptic_val/'),
        test_mode=True,
        pipeline=test_pipeline,
        backend_args=backend_args,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='mmpisr.PanopticMetric',
    ann_file=data_root + 'ade20k_panoptic_val.json',
    miou=True,
    seg_prefix=data_root + 'ade20k_panoptic_val/',
    backend_args=backend_args,
)
test_evaluator = val_evaluator
