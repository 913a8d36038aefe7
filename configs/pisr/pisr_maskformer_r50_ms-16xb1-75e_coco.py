_base_ = 'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=50),
    )
)
