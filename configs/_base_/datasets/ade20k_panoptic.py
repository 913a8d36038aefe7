"""ADE20K panoptic, 100 thing and 50 stuff classes, crops of 640 x 640.

Folders and files are those that ``tools/dataset_converters/ade20k.py
data/ADEChallengeData2016`` makes: ``images/{training,validation}``,
``ade20k_panoptic_{train,val}`` and a json beside each. The output of mmdet's
``ade20k2coco.py`` works as well: names, ids and categories are the same. The boxes of
things in its json are wrong (the left edge is that of the segment before), but boxes
are computed from the pngs here. For another folder use ``--cfg-options data_root=...``
(see ``mmpisr.datasets.merge_options``).

Scales and crop are those of MaskFormer's ADE20K-panoptic recipe; the paper gives none.
The paper counts 115 things and 35 stuff classes: see ``ade20k_panoptic_115.py``.
"""

_base_ = './panoptic.py'
data_root = 'data/ADEChallengeData2016/'
crop_size = (640, 640)
max_side = 2560

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
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
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmdet.Resize', scale=(max_side, 640), keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=2,  # 16 on 8 GPUs
    num_workers=4,
    dataset=dict(
        data_root=data_root,
        ann_file='ade20k_panoptic_train.json',
        data_prefix=dict(img='images/training/', seg='ade20k_panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='ade20k_panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='ade20k_panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'ade20k_panoptic_val.json',
    seg_prefix=data_root + 'ade20k_panoptic_val/',
)
test_evaluator = val_evaluator
