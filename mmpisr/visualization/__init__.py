"""Pictures of panoptic predictions."""

from .panoptic_image import draw_panoptic
from .panoptic_visualizer import PanopticVisualizer, add_picture, picture_of
from .reweighting_chart import reweighting_chart
from .side_by_side import side_by_side

__all__ = [
    'PanopticVisualizer',
    'add_picture',
    'draw_panoptic',
    'picture_of',
    'reweighting_chart',
    'side_by_side',
]
