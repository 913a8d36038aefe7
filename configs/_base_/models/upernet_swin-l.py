"""UPerNet, Swin-L with ImageNet-22k weights; sizes are those of mmdet's configs.

Activations of the Swin blocks are recomputed in backward to save memory (``with_cp``).
"""

_base_ = './upernet_swin-t.py'

model = dict(
    backbone=dict(
        pretrain_img_size=384,
        embed_dims=192,
        depths=(2, 2, 18, 2),
        num_heads=(6, 12, 24, 48),
        window_size=12,
        drop_path_rate=0.3,
        with_cp=True,
        init_cfg=dict(
            checkpoint=_base_.swin_weights + 'swin_large_patch4_window12_384_22k.pth',
        ),
    ),
    neck=dict(in_channels=[192, 384, 768, 1536]),
)
