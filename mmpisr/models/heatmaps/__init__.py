"""Instance heatmaps, one maker per kind of prediction."""

from .center_offset import CenterOffsetHeatmaps, center_peaks, regression_heatmaps

__all__ = ['CenterOffsetHeatmaps', 'center_peaks', 'regression_heatmaps']
