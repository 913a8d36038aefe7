"""A small Panoptic-FPN that two CPU cores train from scratch in minutes.

ResNet-18 of half width, then 64 channels; no pretrained weights. Widths, anchors of 16
to 128 pixels and numbers of samples are chosen here for small images; assigners, losses
and thresholds are those of mmdet's Panoptic-FPN.
"""

norm_cfg = dict(type='BN', requires_grad=True)
sync_bn = 'torch'  # BN becomes SyncBN in distributed training
channels = 64

model = dict(
    type='mmdet.PanopticFPN',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_mask=True,
        mask_pad_value=0,
        pad_seg=True,
        seg_pad_value=255,
    ),
    backbone=dict(
        type='mmseg.ResNetV1c',
        depth=18,
        stem_channels=32,
        base_channels=32,
        norm_cfg=norm_cfg,
        norm_eval=False,
        init_cfg=None,
    ),
    neck=dict(
        type='mmdet.FPN',
        in_channels=[32, 64, 128, 256],
        out_channels=channels,
        norm_cfg=norm_cfg,
        num_outs=4,
    ),
    rpn_head=dict(
        type='mmdet.RPNHead',
        in_channels=channels,
        feat_channels=channels,
        anchor_generator=dict(
            type='mmdet.AnchorGenerator',
            scales=[4],
            ratios=[0.5, 1.0, 2.0],
            strides=[4, 8, 16, 32],
        ),
        bbox_coder=dict(type='mmdet.DeltaXYWHBBoxCoder'),
        loss_cls=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True),
        loss_bbox=dict(type='mmdet.L1Loss'),
    ),
    roi_head=dict(
        type='mmdet.StandardRoIHead',
        bbox_roi_extractor=dict(
            type='mmdet.SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=1),
            out_channels=channels,
            featmap_strides=[4, 8, 16],
            finest_scale=28,
        ),
        bbox_head=dict(
            type='mmdet.Shared2FCBBoxHead',
            in_channels=channels,
            fc_out_channels=128,
            roi_feat_size=7,
            bbox_coder=dict(
                type='mmdet.DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]
            ),
            loss_cls=dict(type='mmdet.CrossEntropyLoss'),
            loss_bbox=dict(type='mmdet.L1Loss'),
        ),
        mask_roi_extractor=dict(
            type='mmdet.SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=1),
            out_channels=channels,
            featmap_strides=[4, 8, 16],
            finest_scale=28,
        ),
        mask_head=dict(
            type='mmdet.FCNMaskHead',
            num_convs=2,
            in_channels=channels,
            conv_out_channels=channels,
            loss_mask=dict(type='mmdet.CrossEntropyLoss', use_mask=True),
        ),
    ),
    semantic_head=dict(
        type='mmdet.PanopticFPNHead',
        in_channels=channels,
        inner_channels=channels,
        norm_cfg=dict(type='GN', num_groups=16),
        loss_seg=dict(type='mmdet.CrossEntropyLoss', ignore_index=255),
    ),
    panoptic_fusion_head=dict(type='mmdet.HeuristicFusionHead'),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='mmdet.MaxIoUAssigner',
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=0.3,
                ignore_iof_thr=0.5,
            ),
            sampler=dict(
                type='mmdet.RandomSampler',
                num=128,
                pos_fraction=0.5,
                add_gt_as_proposals=False,
            ),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(
            nms_pre=500,
            max_per_img=300,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0,
        ),
        rcnn=dict(
            assigner=dict(
                type='mmdet.MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=True,
                ignore_iof_thr=0.5,
            ),
            sampler=dict(type='mmdet.RandomSampler', num=128, pos_fraction=0.25),
            mask_size=28,
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(
            nms_pre=500,
            max_per_img=300,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0,
        ),
        rcnn=dict(
            score_thr=0.6,
            nms=dict(type='nms', iou_threshold=0.5, class_agnostic=True),
            max_per_img=50,
            mask_thr_binary=0.5,
        ),
        panoptic=dict(mask_overlap=0.5, stuff_area_limit=64),
    ),
)
