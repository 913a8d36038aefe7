_base_ = '../upernet/upernet_swin-l_270k_coco-test-dev.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
