"""Predict COCO test-dev for the evaluation server: tools/test.py CONFIG CHECKPOINT.

The server keeps the annotations. The json of its images, with panoptic categories, is
made by ``mim run mmdet gen_coco_panoptic_test_info DATA_ROOT/annotations``. Another
name for the results: ``--cfg-options test_evaluator.outfile_prefix=...``.
"""

_base_ = './upernet_swin-l_270k_coco.py'
ann_file = 'annotations/panoptic_image_info_test-dev2017.json'

test_dataloader = dict(
    dataset=dict(ann_file=ann_file, data_prefix=dict(_delete_=True, img='test2017/'))
)
test_evaluator = dict(
    _delete_=True,
    type='mmpisr.PanopticMetric',
    ann_file=_base_.data_root + ann_file,
    format_only=True,
    outfile_prefix='work_dirs/coco-test-dev/panoptic_test-dev2017',
)
