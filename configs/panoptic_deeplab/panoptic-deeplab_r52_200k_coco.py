"""Panoptic-DeepLab R-52 on COCO; all numbers are detectron2's."""

_base_ = [
    '../_base_/models/panoptic-deeplab_r52.py',
    '../_base_/datasets/coco_panoptic.py',
    '../_base_/schedules/schedule_200k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(
        batch_augments=[dict(type='mmdet.BatchFixedSizePad', size=(640, 640))]
    ),
    neck=dict(pool_size=(40, 40)),  # the crop over the output stride of 16
    panoptic_head=dict(
        num_things_classes=80,
        num_stuff_classes=53,
        # All pixels, as detectron2 does on COCO. The loss is recomputed in backward to
        # save memory: its maps have 133 classes.
        loss_semantic=dict(top_ratio=1.0, recompute=True),
    ),
    test_cfg=dict(nms_kernel=41, stuff_area_limit=4096),
)
