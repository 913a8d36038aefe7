"""Hooks: checks before a run, pictures, reweighting scores, a test of told classes."""

from .padding_check_hook import PaddingCheckHook
from .panoptic_class_check_hook import PanopticClassCheckHook
from .panoptic_visualization_hook import PanopticVisualizationHook
from .relation_visualization_hook import RelationVisualizationHook
from .reweighting_scores_hook import ReweightingScoresHook
from .told_classes_hook import ToldClassesHook

__all__ = [
    'PaddingCheckHook',
    'PanopticClassCheckHook',
    'PanopticVisualizationHook',
    'RelationVisualizationHook',
    'ReweightingScoresHook',
    'ToldClassesHook',
]
