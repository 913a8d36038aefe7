_base_ = '../maskformer/maskformer_r18_1200-iter_scenes.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
    )
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# Its own best rate, with a fifth of it for the relation as on Panoptic-DeepLab.
optim_wrapper = dict(
    optimizer=dict(lr=0.002),
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
