"""Panoptic-DeepLab, ResNet-50 with a deep stem of 128 channels, output stride 16.

Layers, losses and ``test_cfg`` are those of detectron2's Panoptic-DeepLab for
Cityscapes. An inheriting config gives the numbers of classes.

ImageNet weights of this backbone are R-52.pkl of detectron2's DeepLab project (depth
101: R-103.pkl), converted by ``tools/model_converters/detectron2_panoptic_deeplab.py``:
``detectron2_panoptic_deeplab.py R-52.pkl pretrained/detectron2_r52.pth``.
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
        depth=50,
        stem_channels=128,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        multi_grid=(2, 4, 8),
        out_indices=(0, 1, 3),
        norm_cfg=norm_cfg,
        norm_eval=False,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='pretrained/detectron2_r52.pth'),
    ),
    neck=dict(
        type='mmpisr.DualDecoder',
        in_channels=(256, 512, 2048),
        semantic=dict(out_channels=256, project_channels=(32, 64)),
        instance=dict(out_channels=128, project_channels=(32, 64)),
        pool_size=(32, 64),  # the training crop over the output stride
        norm_cfg=norm_cfg,
    ),
    panoptic_head=dict(
        type='mmpisr.PanopticDeepLabHead',
        semantic_channels=256,
        instance_channels=128,
        semantic_head_channels=256,
        instance_head_channels=32,
        norm_cfg=norm_cfg,
        loss_semantic=dict(type='mmpisr.HardPixelCrossEntropy', top_ratio=0.2),
        loss_center=dict(type='mmdet.MSELoss', loss_weight=200.0),
        loss_offset=dict(type='mmdet.L1Loss', loss_weight=0.01),
    ),
    test_cfg=dict(threshold=0.1, nms_kernel=7, top_k=200, stuff_area_limit=2048),
)
