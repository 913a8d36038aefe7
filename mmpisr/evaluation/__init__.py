"""Metrics, and the dump of predictions."""

from .dump_panoptic_results import DumpPanopticResults
from .panoptic_metric import PanopticMetric

__all__ = ['DumpPanopticResults', 'PanopticMetric']
