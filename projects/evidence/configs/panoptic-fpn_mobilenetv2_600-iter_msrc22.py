_base_ = './_base_/panoptic-fpn_mobilenetv2-slim.py'
classes = dict(num_things_classes=15, num_stuff_classes=7)
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=15), mask_head=dict(num_classes=15)),
    semantic_head=classes,
    panoptic_fusion_head=classes,
)
