"""Panoptic datasets."""

from .panoptic import PanopticDataset

__all__ = ['PanopticDataset']
