_base_ = '../maskformer/maskformer_r101_720k_ade20k-panoptic.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        # K (num_instances) is not given in the paper; chosen here.
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# No weight decay for the learned vectors, scales and shifts of categories.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
