"""UPerNet Swin-L on COCO test-dev, whose ground truth is not public: no scores.

``tools/dataset_converters/coco.py`` makes the json of the images. A submission can be
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
