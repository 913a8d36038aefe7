_base_ = '../upernet/upernet_r50_270k_coco.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
