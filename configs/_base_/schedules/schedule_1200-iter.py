"""Small models, 1200 iterations of 4 images: minutes on a CPU. Chosen here."""

max_iters = 1200
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.002))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=50, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=4)
