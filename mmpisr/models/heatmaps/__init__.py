"""Instance heatmaps, one maker per kind of prediction."""

from .center_offset import CenterOffsetHeatmaps, center_peaks, regression_heatmaps
from .class_maps import class_maps
from .query_masks import QueryMaskHeatmaps, query_heatmaps
from .roi_masks import RoIMaskHeatmaps, paste_masks

__all__ = [
    'CenterOffsetHeatmaps',
    'QueryMaskHeatmaps',
    'RoIMaskHeatmaps',
    'center_peaks',
    'class_maps',
    'paste_masks',
    'query_heatmaps',
    'regression_heatmaps',
]
