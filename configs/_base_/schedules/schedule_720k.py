"""ADE20K panoptic, 720000 iterations of 16 images: AdamW, polynomial decay.

Iterations and batch are those of MaskFormer's recipe (bs16_720k). Learning rate, weight
decay, gradient clipping and the tenth of the rate for the backbone are those of mmdet's
MaskFormer for COCO. The polynomial and the evaluation interval are chosen here.
"""

max_iters = 720000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, weight_decay=0.0001),
    paramwise_cfg=dict(
        custom_keys=dict(
            backbone=dict(lr_mult=0.1),
            query_embed=dict(lr_mult=1.0, decay_mult=0.0),
        ),
        norm_decay_mult=0.0,
    ),
    clip_grad=dict(max_norm=0.01, norm_type=2),
)
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=20000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
