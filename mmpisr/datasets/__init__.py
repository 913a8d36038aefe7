"""Panoptic datasets."""

from .cityscapes import CityscapesPanopticDataset
from .data_root import merge_options
from .panoptic import PanopticDataset
from .panoptic_scenes import PanopticScenes
from .scenes import generate_scenes

__all__ = [
    'CityscapesPanopticDataset',
    'PanopticDataset',
    'PanopticScenes',
    'generate_scenes',
    'merge_options',
]
