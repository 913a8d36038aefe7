"""Panoptic-DeepLab, HRNetV2-W48: stride 4, all four resolutions feed the decoders.

The backbone is mmdet's. An inheriting config gives the numbers of classes and
``neck.pool_size`` (the training crop over the stride of the coarsest level).
"""

_base_ = './panoptic-deeplab_r52.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmdet.HRNet',
        norm_eval=False,
        extra=dict(
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block='BOTTLENECK',
                num_blocks=(4,),
                num_channels=(64,),
            ),
            stage2=dict(
                num_modules=1,
                num_branches=2,
                block='BASIC',
                num_blocks=(4, 4),
                num_channels=(48, 96),
            ),
            stage3=dict(
                num_modules=4,
                num_branches=3,
                block='BASIC',
                num_blocks=(4, 4, 4),
                num_channels=(48, 96, 192),
            ),
            stage4=dict(
                num_modules=3,
                num_branches=4,
                block='BASIC',
                num_blocks=(4, 4, 4, 4),
                num_channels=(48, 96, 192, 384),
            ),
        ),
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w48'),
    ),
    data_preprocessor=dict(pad_size_divisor=32),
    neck=dict(  # widths of the projections: not given in the paper; chosen here
        in_channels=(48, 96, 192, 384),
        semantic=dict(project_channels=(32, 64, 128)),
        instance=dict(project_channels=(32, 64, 128)),
    ),
)
