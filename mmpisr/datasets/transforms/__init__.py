"""Transforms for panoptic segments."""

from .deeplab_targets import PanopticDeepLabTargets
from .formatting import PackPanopticInputs
from .instances import InstancesFromSegments
from .load_image import LoadImage
from .loading import LoadPanopticSegments

__all__ = [
    'InstancesFromSegments',
    'LoadImage',
    'LoadPanopticSegments',
    'PackPanopticInputs',
    'PanopticDeepLabTargets',
]
