"""Panoptic datasets."""

from .cityscapes import CityscapesPanopticDataset
from .data_root import merge_options
from .panoptic import PanopticDataset
from .panoptic_scenes import PanopticScenes

__all__ = [
    'CityscapesPanopticDataset',
    'PanopticDataset',
    'PanopticScenes',
    'merge_options',
]
