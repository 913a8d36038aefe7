_base_ = '../panoptic_deeplab/panoptic-deeplab_r18_1200-iter_camvid.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# The host's rate is so high that what a relation tells would change before it is heard.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
