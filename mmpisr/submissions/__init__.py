"""Submissions to benchmark servers: written image by image, resumed, checked."""

from .formats import FORMATS
from .prepare import prepare_submission
from .validate import validate_submission
from .workspace import RemainingImagesSampler
from .writer import SubmissionWriter

__all__ = [
    'FORMATS',
    'RemainingImagesSampler',
    'SubmissionWriter',
    'prepare_submission',
    'validate_submission',
]
