_base_ = './_base_/panoptic-deeplab_mobilenetv2-slim.py'
model = dict(panoptic_head=dict(num_things_classes=12, num_stuff_classes=1))
