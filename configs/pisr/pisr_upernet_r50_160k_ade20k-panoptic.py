_base_ = '../upernet/upernet_r50_160k_ade20k-panoptic.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# No weight decay of the vectors, scales and shifts that categories have.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
