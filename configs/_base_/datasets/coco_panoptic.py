"""COCO 2017 panoptic, 80 thing and 53 stuff classes, crops of 640 x 640.

Folders and files have COCO's own names: ``{train,val}2017``,
``annotations/panoptic_{train,val}2017`` and a json beside each; the official zip files
work in place of the folders. ``tools/dataset_converters/coco.py data/coco`` checks
them. For another folder use ``--cfg-options data_root=...`` (see
``mmpisr.datasets.merge_options``).

The paper gives no sizes for COCO: scales, crop and batch are those of detectron2's
Panoptic-DeepLab.
"""

_base_ = './panoptic.py'
data_root = 'data/coco/'
crop_size = (640, 640)  # the model pads to it

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
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
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmdet.Resize', scale=crop_size, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=8,  # 64 on 8 GPUs
    num_workers=4,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(img='train2017/', seg='annotations/panoptic_train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'annotations/panoptic_val2017.json',
    seg_prefix=data_root + 'annotations/panoptic_val2017/',
)
test_evaluator = val_evaluator
