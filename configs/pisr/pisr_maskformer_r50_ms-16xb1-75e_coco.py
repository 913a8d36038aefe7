_base_ = 'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
# No weight decay of the vectors, scales and shifts that categories have.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
