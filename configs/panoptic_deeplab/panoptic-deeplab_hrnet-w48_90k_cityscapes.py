_base_ = [
    '../_base_/models/panoptic-deeplab_r52.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/schedule_90k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # all four resolutions feed the decoders; their projections are our choice
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
    neck=dict(
        in_channels=(48, 96, 192, 384),
        semantic=dict(project_channels=(32, 64, 128)),
        instance=dict(project_channels=(32, 64, 128)),
        pool_size=(16, 32),  # the coarsest level has stride 32
    ),
    panoptic_head=dict(num_things_classes=8, num_stuff_classes=11),
)
