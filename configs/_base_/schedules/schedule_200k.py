"""COCO, 200000 iterations of 64 images: Adam, no weight decay, polynomial decay.

All numbers are those of detectron2's Panoptic-DeepLab.
"""

max_iters = 200000
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.0005))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=1000, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=64)
