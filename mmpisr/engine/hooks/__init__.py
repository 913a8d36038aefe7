"""Hooks: checks, exact resuming, pictures, reweighting scores, told classes."""

from .exact_resume_hook import ExactResumeHook
from .finite_loss_hook import FiniteLossHook, LossNotFiniteError
from .padding_check_hook import PaddingCheckHook
from .panoptic_class_check_hook import PanopticClassCheckHook
from .panoptic_visualization_hook import PanopticVisualizationHook
from .relation_visualization_hook import RelationVisualizationHook
from .reweighting_scores_hook import ReweightingScoresHook
from .told_classes_hook import ToldClassesHook

__all__ = [
    'ExactResumeHook',
    'FiniteLossHook',
    'LossNotFiniteError',
    'PaddingCheckHook',
    'PanopticClassCheckHook',
    'PanopticVisualizationHook',
    'RelationVisualizationHook',
    'ReweightingScoresHook',
    'ToldClassesHook',
]
