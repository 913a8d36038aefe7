"""COCO test-dev, whose annotations the server keeps: a submission, no score.

``tools/test.py CONFIG CHECKPOINT --submission coco-test-dev --out FILE.zip``; the json
of its images is made by ``tools/dataset_converters/coco.py``. See docs/submissions.md.
"""

_base_ = './upernet_swin-l_270k_coco.py'

test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/panoptic_image_info_test-dev2017.json',
        data_prefix=dict(_delete_=True, img='test2017/'),
    )
)
test_evaluator = []
