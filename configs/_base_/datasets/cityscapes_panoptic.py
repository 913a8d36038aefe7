"""Cityscapes, 1024 x 2048: 8 things, 11 stuff classes.

Official layout: ``leftImg8bit``, ``gtFine`` (folders, or the official zip files), and
``gtFine/cityscapes_panoptic_{train,val}`` with the json beside each, made by
``tools/dataset_converters/cityscapes.py``. Another folder: ``--cfg-options
data_root=...`` (see ``mmpisr.datasets.merge_options``).

The paper gives the image size and otherwise follows each base model's own training
settings; scales, crop and batch are those of detectron2's Panoptic-DeepLab. Evaluation
at full size is the paper's. The AP needs cityscapesscripts (requirements/nodeps.txt):
without it, ``--cfg-options val_evaluator.mask_ap=False test_evaluator.mask_ap=False``.
"""

dataset_type = 'mmpisr.CityscapesPanopticDataset'
data_root = 'data/cityscapes/'
backend_args = None
crop_size = (1024, 512)  # width, height
short_sides = [512, 640, 704, 832, 896, 1024, 1152, 1216, 1344, 1408, 1536, 1664]
short_sides += [1728, 1856, 1920, 2048]

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(
        type='RandomChoiceResize',
        scales=[(4096, side) for side in short_sides],
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
    dict(type='mmpisr.LoadPanopticSegments', backend_args=backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=4,  # on 8 GPUs: 32
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='gtFine/cityscapes_panoptic_train.json',
        data_prefix=dict(
            img='leftImg8bit/train/', seg='gtFine/cityscapes_panoptic_train/'
        ),
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
        ann_file='gtFine/cityscapes_panoptic_val.json',
        data_prefix=dict(img='leftImg8bit/val/', seg='gtFine/cityscapes_panoptic_val/'),
        test_mode=True,
        pipeline=test_pipeline,
        backend_args=backend_args,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='mmpisr.PanopticMetric',
    ann_file=data_root + 'gtFine/cityscapes_panoptic_val.json',
    miou=True,
    iiou=True,
    mask_ap='cityscapes',
    seg_prefix=data_root + 'gtFine/cityscapes_panoptic_val/',
    backend_args=backend_args,
)
test_evaluator = val_evaluator
