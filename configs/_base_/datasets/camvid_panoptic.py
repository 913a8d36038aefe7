"""CamVid as COCO panoptic, 240 x 180 (width, height): 3 things, 8 stuff classes.

Folders: ``images/{train,val}``, ``annotations/panoptic_{train,val}`` and the json
beside each, as ``tools/dataset_converters/camvid.py`` makes them. Another folder:
``--cfg-options data_root=...`` (see ``mmpisr.datasets.merge_options``). The paper does
not use CamVid: sizes are ours.
"""

dataset_type = 'mmpisr.PanopticDataset'
data_root = 'data/camvid/'
backend_args = None
crop_size = (240, 192)  # width, height: a multiple of 16; the model pads to it
# Train was filmed by day, val at dusk, half as bright; equalised, the two look alike.
equalize = dict(type='mmdet.Equalize', prob=1.0)

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    equalize,
    dict(
        type='RandomResize',
        scale=(240, 180),
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=crop_size),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PhotoMetricDistortion'),
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=4, small_instance_area=256),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    equalize,
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
