"""Hooks."""

from .panoptic_class_check_hook import PanopticClassCheckHook
from .reweighting_scores_hook import ReweightingScoresHook

__all__ = ['PanopticClassCheckHook', 'ReweightingScoresHook']
