"""CamVid as COCO panoptic, 240 x 180 (width, height), 3 thing and 8 stuff classes.

Folders and files are those that ``tools/dataset_converters/camvid.py`` makes:
``images/{train,val}``, ``annotations/panoptic_{train,val}`` and a json beside each. For
another folder use ``--cfg-options data_root=...`` (see
``mmpisr.datasets.merge_options``).

The paper does not use CamVid: scales, crop and batch are chosen here.
"""

_base_ = './panoptic.py'
data_root = 'data/camvid/'
crop_size = (240, 192)  # width, height: multiples of 16; the model pads to it
# The training images were taken by day, those of val at dusk and half as bright.
# Histogram equalisation gives both a similar brightness.
equalize = dict(type='mmdet.Equalize', prob=1.0)

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
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
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    equalize,
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'annotations/panoptic_val.json',
    seg_prefix=data_root + 'annotations/panoptic_val/',
)
test_evaluator = val_evaluator
