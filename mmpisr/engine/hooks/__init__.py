"""Hooks."""

from .padding_check_hook import PaddingCheckHook
from .panoptic_class_check_hook import PanopticClassCheckHook
from .reweighting_scores_hook import ReweightingScoresHook

__all__ = ['PaddingCheckHook', 'PanopticClassCheckHook', 'ReweightingScoresHook']
