_base_ = 'mmdet::panoptic_fpn/panoptic-fpn_r101_fpn_ms-3x_coco.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    # K (num_instances) is not given in the paper; chosen here.
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
