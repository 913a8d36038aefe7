"""Pictures of panoptic predictions."""

from .panoptic_image import draw_panoptic
from .reweighting_chart import reweighting_chart
from .side_by_side import side_by_side

__all__ = ['draw_panoptic', 'reweighting_chart', 'side_by_side']
