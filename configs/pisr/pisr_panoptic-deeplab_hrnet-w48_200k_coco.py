_base_ = '../panoptic_deeplab/panoptic-deeplab_hrnet-w48_200k_coco.py'
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    # K (num_instances) is not given in the paper; chosen here.
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
