"""Small photographs, COCO panoptic: long side 192 for the network, scores as drawn.

The classes are left to the config that knows the data. Another folder:
``--cfg-options data_root=...``.
"""

_base_ = '../../../../configs/_base_/datasets/panoptic.py'
data_root = 'data/msrc22/'
scale = (192, 192)
crop_size = (192, 160)  # width, height

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
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
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=5, small_instance_area=160),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=scale, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=8, dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'annotations/panoptic_val.json',
    seg_prefix=data_root + 'annotations/panoptic_val/',
)
test_evaluator = val_evaluator
