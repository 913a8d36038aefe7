_base_ = [
    '../_base_/models/panoptic-deeplab_mobilenetv2.py',
    '../_base_/datasets/coco_panoptic.py',
    '../_base_/schedules/schedule_200k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(
        batch_augments=[dict(type='mmdet.BatchFixedSizePad', size=(640, 640))]
    ),
    neck=dict(pool_size=(40, 40)),
    panoptic_head=dict(
        num_things_classes=80,
        num_stuff_classes=53,
        # all pixels, as detectron2 has it on COCO; recomputed, as 133 classes are large
        loss_semantic=dict(top_ratio=1.0, recompute=True),
    ),
    test_cfg=dict(nms_kernel=41, stuff_area_limit=4096),
)
