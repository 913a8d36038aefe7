"""A small MaskFormer that a CPU trains from scratch in minutes.

ResNet-18 of half width, a pixel decoder without an encoder, 3 decoder layers of 64
channels and 30 queries; no pretrained weights, no dropout. The widths are chosen here.
"""

_base_ = './maskformer_r50.py'

num_things_classes = 8
num_stuff_classes = 11
num_classes = num_things_classes + num_stuff_classes
attention = dict(embed_dims=64, num_heads=4, dropout=0.0)
ffn = dict(embed_dims=64, feedforward_channels=256, ffn_drop=0.0)
classes = dict(
    num_things_classes=num_things_classes, num_stuff_classes=num_stuff_classes
)

model = dict(
    data_preprocessor=dict(batch_augments=None),
    backbone=dict(
        _delete_=True,
        type='mmseg.ResNetV1c',
        depth=18,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 2, 1),  # images are small: the last level is at stride 16
        dilations=(1, 1, 1, 2),
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        init_cfg=None,
    ),
    panoptic_head=dict(
        in_channels=[32, 64, 128, 256],
        feat_channels=64,
        out_channels=64,
        **classes,
        num_queries=30,
        pixel_decoder=dict(
            _delete_=True,
            type='mmdet.PixelDecoder',
            norm_cfg=dict(type='GN', num_groups=8),
            act_cfg=dict(type='ReLU'),
        ),
        positional_encoding=dict(num_feats=32),
        transformer_decoder=dict(
            num_layers=3,
            layer_cfg=dict(
                self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn
            ),
        ),
        loss_cls=dict(class_weight=[1.0] * num_classes + [0.1]),
    ),
    panoptic_fusion_head=classes,
    test_cfg=dict(max_per_image=30, object_mask_thr=0.8),
)
