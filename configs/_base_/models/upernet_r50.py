"""UPerNet with mmdet's Mask R-CNN, ResNet-50.

An inheriting config gives the numbers of classes. The paper gives no details of its
UPerNet: the widths are chosen here; weight of the semantic loss and thresholds are
those of mmdet's Panoptic-FPN.
"""

_base_ = 'mmdet::_base_/models/mask-rcnn_r50_fpn.py'

model = dict(
    type='mmpisr.PanopticUPerNet',
    data_preprocessor=dict(mask_pad_value=0, pad_seg=True, seg_pad_value=255),
    neck=dict(type='mmpisr.PyramidPoolingFPN'),
    semantic_head=dict(
        type='mmpisr.UPerNetHead',
        in_channels=256,
        channels=256,
        loss_seg=dict(type='mmdet.CrossEntropyLoss', ignore_index=255, loss_weight=0.5),
    ),
    panoptic_fusion_head=dict(type='mmdet.HeuristicFusionHead'),
    test_cfg=dict(
        rcnn=dict(score_thr=0.6, nms=dict(class_agnostic=True)),
        panoptic=dict(mask_overlap=0.5, stuff_area_limit=4096),
    ),
)
