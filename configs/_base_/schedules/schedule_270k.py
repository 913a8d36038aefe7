"""COCO, 270000 iterations of 16 images (36 epochs): AdamW, two steps.

Not given in the paper; chosen here. The steps are those of detectron2's 3x schedule,
the optimiser is that of mmdet's Mask R-CNN with Swin.
"""

max_iters = 270000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0,
        custom_keys=dict(relative_position_bias_table=dict(decay_mult=0)),
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=1000, by_epoch=False),
    dict(
        type='MultiStepLR',
        milestones=[210000, 250000],
        gamma=0.1,
        begin=0,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
