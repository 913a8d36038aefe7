_base_ = '../maskformer/maskformer_mobilenetv2_ms-16xb1-75e_coco.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        # K (num_instances) is not given in the paper; chosen here.
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
# No weight decay for the learned vectors, scales and shifts of categories.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
