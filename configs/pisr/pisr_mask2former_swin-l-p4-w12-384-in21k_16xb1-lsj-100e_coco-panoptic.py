_base_ = (
    'mmdet::mask2former/'
    'mask2former_swin-l-p4-w12-384-in21k_16xb1-lsj-100e_coco-panoptic.py'
)
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMask2FormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
