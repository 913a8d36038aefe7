"""Embedded scenes, 128 x 192 (height, width), 8 thing and 11 stuff classes.

6 of the 19 classes can only be told apart by what else an image shows. Made by
``tools/dataset_converters/generate_scenes.py``. For another folder use ``--cfg-options
data_root=...`` (see ``mmpisr.datasets.merge_options``). The data set is this
repository's own: all numbers are chosen here.
"""

_base_ = './panoptic.py'
dataset_type = 'mmpisr.PanopticScenes'
data_root = 'data/scenes/'

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=4),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=_base_.backend_args),
    dict(type='mmpisr.LoadPanopticSegments', backend_args=_base_.backend_args),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    dataset=dict(type=dataset_type, data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(
    dataset=dict(type=dataset_type, data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'annotations/panoptic_val.json',
    seg_prefix=data_root + 'annotations/panoptic_val/',
)
test_evaluator = val_evaluator
