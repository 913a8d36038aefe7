"""A small Panoptic-DeepLab that two CPU cores train from scratch in minutes.

ResNet-18 of half width, output stride 16, narrow decoders; no pretrained weights. The
widths are chosen here; losses and ``test_cfg`` are those of
``panoptic-deeplab_r52.py``, with a smaller ``stuff_area_limit`` for small images.
"""

norm_cfg = dict(type='BN', requires_grad=True)
sync_bn = 'torch'  # BN becomes SyncBN in distributed training

model = dict(
    type='mmpisr.PanopticDeepLab',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=16,
    ),
    backbone=dict(
        type='mmseg.ResNetV1c',
        depth=18,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        multi_grid=(2, 4),
        out_indices=(0, 1, 3),
        norm_cfg=norm_cfg,
        norm_eval=False,
        init_cfg=None,
    ),
    neck=dict(
        type='mmpisr.DualDecoder',
        in_channels=(32, 64, 256),
        semantic=dict(
            out_channels=64,
            project_channels=(16, 32),
            aspp_channels=32,
            dilations=(2, 4, 6),
        ),
        instance=dict(
            out_channels=32,
            project_channels=(16, 32),
            aspp_channels=32,
            dilations=(2, 4, 6),
        ),
        pool_size=None,  # images are small: pool the whole image
        norm_cfg=norm_cfg,
    ),
    panoptic_head=dict(
        type='mmpisr.PanopticDeepLabHead',
        semantic_channels=64,
        instance_channels=32,
        semantic_head_channels=64,
        instance_head_channels=32,
        norm_cfg=norm_cfg,
        loss_semantic=dict(type='mmpisr.HardPixelCrossEntropy', top_ratio=0.2),
        loss_center=dict(type='mmdet.MSELoss', loss_weight=200.0),
        loss_offset=dict(type='mmdet.L1Loss', loss_weight=0.01),
    ),
    test_cfg=dict(threshold=0.1, nms_kernel=7, top_k=200, stuff_area_limit=64),
)
