_base_ = '../upernet/upernet_r18_1200-iter_scenes.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# A fifth of the rate of the host, which trains from scratch at a high one.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
