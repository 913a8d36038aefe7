_base_ = '../upernet/upernet_r18_1200-iter_scenes.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# As on Panoptic-DeepLab: what a relation tells would change before it is heard.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
