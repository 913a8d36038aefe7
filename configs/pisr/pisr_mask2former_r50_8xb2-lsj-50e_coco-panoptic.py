_base_ = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMask2FormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
