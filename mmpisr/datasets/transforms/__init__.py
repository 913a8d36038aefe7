"""Transforms for panoptic segments."""

from .deeplab_targets import PanopticDeepLabTargets, panoptic_deeplab_targets
from .formatting import PackPanopticInputs
from .instances import InstancesFromSegments, boxes_of
from .load_image import LoadImage
from .loading import LoadPanopticSegments, match_segment_ids

__all__ = [
    'InstancesFromSegments',
    'LoadImage',
    'LoadPanopticSegments',
    'PackPanopticInputs',
    'PanopticDeepLabTargets',
    'boxes_of',
    'match_segment_ids',
    'panoptic_deeplab_targets',
]
