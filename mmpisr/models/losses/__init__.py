"""Losses of the base models and the supervision of both stages."""

from .hard_pixel_cross_entropy import HardPixelCrossEntropy
from .supervision import IntermediateSupervision

__all__ = ['HardPixelCrossEntropy', 'IntermediateSupervision']
