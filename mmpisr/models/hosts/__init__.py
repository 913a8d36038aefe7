"""Hosts: one file per family, where F, S and I come from and where F' goes."""

from .panoptic_deeplab import PISRPanopticDeepLab

__all__ = ['PISRPanopticDeepLab']
