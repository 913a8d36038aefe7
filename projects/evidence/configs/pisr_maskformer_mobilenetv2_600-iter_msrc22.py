_base_ = './maskformer_mobilenetv2_600-iter_msrc22.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
    )
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
