"""A small Mask2Former that a CPU trains from scratch in minutes.

The small MaskFormer with two layers of deformable attention in the pixel decoder,
masked attention in the decoder, and losses at points. Loss weights and costs are those
of mmdet's Mask2Former; the widths are chosen here.
"""

_base_ = './maskformer_r18-slim.py'

model = dict(
    type='mmdet.Mask2Former',
    backbone=dict(strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1)),
    panoptic_head=dict(
        type='mmdet.Mask2FormerHead',
        strides=[4, 8, 16, 32],
        num_transformer_feat_level=3,
        pixel_decoder=dict(
            type='mmdet.MSDeformAttnPixelDecoder',
            num_outs=3,
            encoder=dict(
                num_layers=2,
                layer_cfg=dict(
                    self_attn_cfg=dict(
                        embed_dims=64,
                        num_heads=4,
                        num_levels=3,
                        num_points=4,
                        dropout=0.0,
                        batch_first=True,
                    ),
                    ffn_cfg=dict(embed_dims=64, feedforward_channels=256, ffn_drop=0.0),
                ),
            ),
            positional_encoding=dict(num_feats=32, normalize=True),
        ),
        loss_cls=dict(loss_weight=2.0),
        loss_mask=dict(
            _delete_=True,
            type='mmdet.CrossEntropyLoss',
            use_sigmoid=True,
            reduction='mean',
            loss_weight=5.0,
        ),
        loss_dice=dict(loss_weight=5.0),
    ),
    train_cfg=dict(
        num_points=1024,
        oversample_ratio=3.0,
        importance_sample_ratio=0.75,
        assigner=dict(
            match_costs=[
                dict(type='mmdet.ClassificationCost', weight=2.0),
                dict(type='mmdet.CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
                dict(type='mmdet.DiceCost', weight=5.0, pred_act=True, eps=1.0),
            ],
        ),
    ),
    test_cfg=dict(filter_low_score=True),
)
