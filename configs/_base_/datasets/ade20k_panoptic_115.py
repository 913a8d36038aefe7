"""ADE20K with the paper's numbers of classes: 115 things and 35 stuff.

Made by ``tools/dataset_converters/ade20k.py --paper-split``. The paper does not name
the 115 thing classes; these are the ones that ADE20K's authors call objects. Only 100
of them have annotated instances; the other 15 get one instance per connected region:
see docs/datasets.md.
"""

_base_ = './ade20k_panoptic.py'

train_dataloader = dict(
    dataset=dict(
        ann_file='ade20k_panoptic_115_train.json',
        data_prefix=dict(seg='ade20k_panoptic_115_train/'),
    )
)
val_dataloader = dict(
    dataset=dict(
        ann_file='ade20k_panoptic_115_val.json',
        data_prefix=dict(seg='ade20k_panoptic_115_val/'),
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=_base_.data_root + 'ade20k_panoptic_115_val.json',
    seg_prefix=_base_.data_root + 'ade20k_panoptic_115_val/',
)
test_evaluator = val_evaluator
