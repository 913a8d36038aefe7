"""Submissions to benchmark servers: written, resumed, checked."""

from .formats import FORMATS
from .prepare import prepare_submission
from .remaining import RemainingImagesSampler
from .validate import validate_submission
from .writer import SubmissionWriter

__all__ = [
    'FORMATS',
    'RemainingImagesSampler',
    'SubmissionWriter',
    'prepare_submission',
    'validate_submission',
]
