"""Two iterations of the toy model, on top of our own default runtime."""

_base_ = 'mmpisr::_base_/default_runtime.py'
custom_imports = dict(imports=['toy_run'], allow_failed_imports=False)
default_scope = 'mmengine'
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(interval=1, by_epoch=False),
    visualization=dict(_delete_=True, type='mmengine.EmptyCacheHook'),
)
visualizer = dict(_delete_=True, type='Visualizer')
log_processor = dict(by_epoch=False)

model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(type='ToyDataset'),
)
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ToyDataset'),
)
test_evaluator = dict(type='ToyMetric')
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.25, momentum=0.9))
auto_scale_lr = dict(enable=False, base_batch_size=8)
