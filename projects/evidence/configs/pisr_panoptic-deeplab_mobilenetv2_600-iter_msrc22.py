_base_ = './panoptic-deeplab_mobilenetv2_600-iter_msrc22.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
