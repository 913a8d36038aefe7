"""Panoptic datasets."""

from .cityscapes import CityscapesPanopticDataset
from .data_root import merge_options
from .panoptic import PanopticDataset
from .panoptic_scenes import PanopticScenes
from .samplers import SeededInfiniteSampler, SeededSampler

__all__ = [
    'CityscapesPanopticDataset',
    'PanopticDataset',
    'PanopticScenes',
    'SeededInfiniteSampler',
    'SeededSampler',
    'merge_options',
]
