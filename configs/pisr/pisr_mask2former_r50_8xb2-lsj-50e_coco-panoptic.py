_base_ = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMask2FormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
# No weight decay of the vectors, scales and shifts that categories have.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
