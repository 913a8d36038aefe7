_base_ = '../panoptic_deeplab/panoptic-deeplab_r18_1200-iter_camvid.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
# A fifth of the rate of the host, which trains from scratch at a high one.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))),
)
