"""Hooks."""

from .panoptic_class_check_hook import PanopticClassCheckHook

__all__ = ['PanopticClassCheckHook']
