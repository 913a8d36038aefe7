"""Pictures of panoptic predictions."""

from .panoptic_image import draw_panoptic
from .panoptic_visualizer import PanopticVisualizer, add_picture, picture_of
from .relation_figures import (
    center_heatmaps,
    class_heatmaps,
    dependence_figure,
    differing_regions,
    slot_heatmaps,
)
from .reweighting_chart import reweighting_chart
from .side_by_side import side_by_side

__all__ = [
    'PanopticVisualizer',
    'add_picture',
    'center_heatmaps',
    'class_heatmaps',
    'dependence_figure',
    'differing_regions',
    'draw_panoptic',
    'picture_of',
    'reweighting_chart',
    'side_by_side',
    'slot_heatmaps',
]
