_base_ = '../panoptic_deeplab/panoptic-deeplab_r101_90k_cityscapes.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    # K (num_instances) is not given in the paper; chosen here.
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
