"""Losses of the base models and the supervision of both stages."""

from .supervision import IntermediateSupervision

__all__ = ['IntermediateSupervision']
