_base_ = (
    'mmdet::mask2former/'
    'mask2former_swin-l-p4-w12-384-in21k_16xb1-lsj-100e_coco-panoptic.py'
)
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMask2FormerHead',
        # K (num_instances) is not given in the paper; chosen here.
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
# No weight decay for the learned vectors, scales and shifts of categories.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(category_=dict(decay_mult=0.0)))
)
