"""COCO 2017 panoptic: 80 things, 53 stuff classes; scales and crop as detectron2.

Folders as COCO names them: ``{train,val}2017``, ``annotations/panoptic_*2017``
and the json beside each; the zip files in place of the folders do, too. Check them:
``tools/dataset_converters/coco.py data/coco``. Another folder: ``--cfg-options
data_root=...`` (see ``mmpisr.datasets.merge_options``).

The paper gives no sizes for COCO: these are of detectron2's Panoptic-DeepLab recipe.
"""

dataset_type = 'mmpisr.PanopticDataset'
data_root = 'data/coco/'
backend_args = None
crop_size = (640, 640)  # the model pads to it

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(
        type='RandomChoiceResize',
        scales=[(640, min(64 * step, 640)) for step in range(5, 16)],
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=crop_size),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.PanopticDeepLabTargets'),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmdet.Resize', scale=crop_size, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=8,  # on 8 GPUs: 64
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(img='train2017/', seg='annotations/panoptic_train2017/'),
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
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
        test_mode=True,
        pipeline=test_pipeline,
        backend_args=backend_args,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='mmpisr.PanopticMetric',
    ann_file=data_root + 'annotations/panoptic_val2017.json',
    miou=True,
    seg_prefix=data_root + 'annotations/panoptic_val2017/',
    backend_args=backend_args,
)
test_evaluator = val_evaluator
