_base_ = '../panoptic_deeplab/panoptic-deeplab_mobilenetv2_90k_cityscapes.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
