_base_ = '../panoptic_fpn/panoptic-fpn_r18_1200-iter_scenes.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    # K (num_instances) and channels are not given in the paper; chosen here.
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# At the host's rate the encodings change faster than the final heads can adapt.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
