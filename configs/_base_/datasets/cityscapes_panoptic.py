"""Cityscapes, 1024 x 2048 (height, width), 8 thing and 11 stuff classes.

Folders and files are the official ones, as folders or as the official zip files:
``leftImg8bit``, ``gtFine``, and ``gtFine/cityscapes_panoptic_{train,val}`` with a json
beside each, made by ``tools/dataset_converters/cityscapes.py``. For another folder use
``--cfg-options data_root=...`` (see ``mmpisr.datasets.merge_options``).

The paper gives the image size and evaluates at full size, as this config does. For the
rest it follows each base model's own training: scales, crop and batch are those of
detectron2's Panoptic-DeepLab. The mask AP needs cityscapesscripts
(requirements/nodeps.txt); without it use ``--cfg-options val_evaluator.mask_ap=False
test_evaluator.mask_ap=False``.
"""

_base_ = './panoptic.py'
dataset_type = 'mmpisr.CityscapesPanopticDataset'
data_root = 'data/cityscapes/'
crop_size = (1024, 512)  # width, height
short_sides = [512, 640, 704, 832, 896, 1024, 1152, 1216, 1344, 1408, 1536, 1664]
short_sides += [1728, 1856, 1920, 2048]

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
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
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=4,  # 32 on 8 GPUs
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='gtFine/cityscapes_panoptic_train.json',
        data_prefix=dict(
            img='leftImg8bit/train/', seg='gtFine/cityscapes_panoptic_train/'
        ),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='gtFine/cityscapes_panoptic_val.json',
        data_prefix=dict(img='leftImg8bit/val/', seg='gtFine/cityscapes_panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'gtFine/cityscapes_panoptic_val.json',
    seg_prefix=data_root + 'gtFine/cityscapes_panoptic_val/',
    iiou=True,
    mask_ap='cityscapes',
)
test_evaluator = val_evaluator
