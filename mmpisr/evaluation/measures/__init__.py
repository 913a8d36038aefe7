"""The measures of a panoptic prediction."""

from .cityscapes_ap import CityscapesAP
from .iou import InstanceWeightedIoU, MeanIoU
from .mask_ap import CocoMaskAP
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
