"""COCO whose test loader reads test-dev, whose annotations the server keeps.

Only writes results; ``tools/test.py --submission coco-test-dev`` puts its own writer in
the evaluator's place. The json lists images and categories,
``tools/dataset_converters/coco.py`` makes it.
"""

_base_ = 'coco_panoptic.py'

test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/panoptic_image_info_test-dev2017.json',
        data_prefix=dict(_delete_=True, img='test2017/'),
    )
)
test_evaluator = dict(
    _delete_=True,
    type='mmpisr.PanopticMetric',
    ann_file=_base_.data_root + 'annotations/panoptic_image_info_test-dev2017.json',
    format_only=True,
    outfile_prefix='work_dirs/coco_panoptic_test-dev/results',
)
