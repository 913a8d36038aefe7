"""ADE20K panoptic, as MaskFormer: AdamW, polynomial, 16 images, clipped gradients.

Iterations and images are those that MaskFormer's recipe has in its name (bs16_720k).
From mmdet's MaskFormer for COCO: learning rate, decay, clipping, a tenth of the rate
for the backbone. The polynomial, and how often to evaluate, are our choice.
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
