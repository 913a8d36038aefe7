"""A test on COCO test-dev, whose annotations the server keeps: no score.

The json of its images is made by ``tools/dataset_converters/coco.py``. A submission is
written from any COCO config, see docs/submissions.md.
"""

_base_ = './upernet_swin-l_270k_coco.py'

test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/panoptic_image_info_test-dev2017.json',
        data_prefix=dict(_delete_=True, img='test2017/'),
    )
)
test_evaluator = []
