"""What is measured of an image, one file each."""

from .cityscapes_ap import CityscapesAP
from .coco_mask_ap import CocoMaskAP
from .instance_weighted_iou import InstanceWeightedIoU
from .mean_iou import MeanIoU
from .measure import AdditiveMeasure, Measure
from .panoptic_quality import PanopticQuality
from .relation_accuracy import RelationAccuracy

__all__ = [
    'AdditiveMeasure',
    'CityscapesAP',
    'CocoMaskAP',
    'InstanceWeightedIoU',
    'MeanIoU',
    'Measure',
    'PanopticQuality',
    'RelationAccuracy',
]
