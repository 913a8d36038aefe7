"""Panoptic datasets."""

from .data_root import merge_options
from .panoptic import PanopticDataset
from .panoptic_scenes import PanopticScenes
from .scenes import generate_scenes

__all__ = ['PanopticDataset', 'PanopticScenes', 'generate_scenes', 'merge_options']
