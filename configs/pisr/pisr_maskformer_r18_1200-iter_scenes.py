_base_ = '../maskformer/maskformer_r18_1200-iter_scenes.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=20, channels=64),
    )
)
default_hooks = dict(reweighting=dict(type='mmpisr.ReweightingScoresHook'))
