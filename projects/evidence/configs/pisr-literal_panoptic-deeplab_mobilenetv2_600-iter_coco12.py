_base_ = [
    './pisr_panoptic-deeplab_mobilenetv2_600-iter_coco12.py',
    '../../../configs/_base_/relations/pisr_literal.py',
]
model = dict(**_base_.pisr_literal)
