"""Instance heatmaps, one maker per kind of prediction."""

from .center_offset import (
    CenterOffsetHeatmaps,
    center_peaks,
    local_maxima,
    regression_heatmaps,
)
from .query_masks import QueryMaskHeatmaps
from .roi_masks import RoIMaskHeatmaps, check_roi_head, class_maps, paste_masks

__all__ = [
    'CenterOffsetHeatmaps',
    'QueryMaskHeatmaps',
    'RoIMaskHeatmaps',
    'center_peaks',
    'check_roi_head',
    'class_maps',
    'local_maxima',
    'paste_masks',
    'regression_heatmaps',
]
