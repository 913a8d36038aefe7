"""ADE20K, 160000 iterations of 16 images: AdamW, polynomial decay.

The paper trains no UPerNet on ADE20K. Length and decay are those of mmseg's UPerNet,
the optimiser is that of mmdet's Mask R-CNN with Swin.
"""

max_iters = 160000
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
    dict(type='PolyLR', power=1.0, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
