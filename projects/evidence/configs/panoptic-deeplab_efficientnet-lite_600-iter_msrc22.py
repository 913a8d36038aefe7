_base_ = './_base_/panoptic-deeplab_efficientnet-lite-slim.py'
model = dict(panoptic_head=dict(num_things_classes=15, num_stuff_classes=7))
