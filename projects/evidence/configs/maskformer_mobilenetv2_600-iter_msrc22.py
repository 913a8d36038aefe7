_base_ = './_base_/maskformer_mobilenetv2-slim.py'
classes = dict(num_things_classes=15, num_stuff_classes=7)
model = dict(
    panoptic_head=dict(**classes, loss_cls=dict(class_weight=[1.0] * 22 + [0.1])),
    panoptic_fusion_head=classes,
)
