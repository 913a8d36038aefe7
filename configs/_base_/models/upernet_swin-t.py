"""UPerNet, Swin-T; backbone and ImageNet-1k weights are those of mmdet's configs."""

_base_ = './upernet_r50.py'
swin_weights = 'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmdet.SwinTransformer',
        embed_dims=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window_size=7,
        drop_path_rate=0.2,
        convert_weights=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint=swin_weights + 'swin_tiny_patch4_window7_224.pth',
        ),
    ),
    neck=dict(in_channels=[96, 192, 384, 768]),
)
