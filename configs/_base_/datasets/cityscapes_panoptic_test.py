"""Cityscapes whose test loader reads the test split, which has no truth.

Only writes results, with the official label ids; ``tools/test.py --submission
cityscapes-test`` puts its own writer in the evaluator's place. The json lists images
and categories, ``tools/dataset_converters/cityscapes.py --splits test`` makes it.
"""

_base_ = 'cityscapes_panoptic.py'

test_dataloader = dict(
    dataset=dict(
        ann_file='gtFine/cityscapes_panoptic_test.json',
        data_prefix=dict(_delete_=True, img='leftImg8bit/test/'),
    )
)
test_evaluator = dict(
    _delete_=True,
    type='mmpisr.PanopticMetric',
    ann_file=_base_.data_root + 'gtFine/cityscapes_panoptic_test.json',
    format_only=True,
    outfile_prefix='work_dirs/cityscapes_test/results',
)
