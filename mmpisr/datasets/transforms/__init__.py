"""Transforms for panoptic segments."""

from .formatting import PackPanopticInputs
from .loading import LoadPanopticSegments, decode_segment_ids, match_segment_ids

__all__ = [
    'LoadPanopticSegments',
    'PackPanopticInputs',
    'decode_segment_ids',
    'match_segment_ids',
]
