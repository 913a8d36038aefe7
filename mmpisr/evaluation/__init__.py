"""Metrics, and the dump of predictions."""

from .panoptic_metric import PanopticMetric
from .panoptic_results import DumpPanopticResults

__all__ = ['DumpPanopticResults', 'PanopticMetric']
