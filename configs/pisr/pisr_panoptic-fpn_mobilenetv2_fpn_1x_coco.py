_base_ = '../panoptic_fpn/panoptic-fpn_mobilenetv2_fpn_1x_coco.py'
model = dict(
    type='mmpisr.PISRTwoStagePanopticSegmentor',
    # K (num_instances) is not given in the paper; chosen here.
    relation=dict(type='mmpisr.PISR', num_instances=50),
)
