"""Compare the segments of several panoptic maps of one image."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmpisr.datasets.segment_png import replace_ids
from mmpisr.evaluation.overlaps import thing_ious

MIN_SHARE = 0.02
"""Thinnest difference that is shown, as a share of the image's shorter side."""


def match_instances(maps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Number the instances of all maps so that one instance has one number.

    The instances of each map are compared with those of all maps before it. The pair of
    one class with the largest intersection over union is matched first, then the best
    of the rest, as long as segments overlap. What remains gets new numbers.

    Args:
        maps: In mmdet's encoding, ``(H, W)``; the first keeps its numbers.

    Raises:
        ValueError: Two maps differ in size.
    """
    matched = [*maps[:1]]
    for panoptic in maps[1:]:
        numbers = _best_pairs(panoptic, matched)
        free = max(int(values.max()) for values in matched) // INSTANCE_OFFSET
        for value in np.unique(panoptic).tolist():
            if value >= INSTANCE_OFFSET and value not in numbers:
                free += 1
                numbers[value] = value % INSTANCE_OFFSET + free * INSTANCE_OFFSET
        matched.append(replace_ids(panoptic, numbers))
    return matched


def _best_pairs(panoptic: np.ndarray, earlier: Sequence[np.ndarray]) -> dict[int, int]:
    """Instance of an earlier map for instances of this one, the best pair first."""
    pairs = [pair for other in earlier for pair in thing_ious(panoptic, other)]
    numbers: dict[int, int] = {}
    for _, value, number in sorted(pairs, reverse=True):
        if value not in numbers and number not in numbers.values():
            numbers[value] = number
    return numbers


def differing_boxes(
    first: np.ndarray, second: np.ndarray, *, num_boxes: int = 3
) -> list[tuple[int, int, int, int]]:
    """Boxes where two predictions of one image differ most.

    A pixel differs if its class differs, or its instance after
    :func:`match_instances`. Differences thinner than ``MIN_SHARE`` of the image's
    shorter side (outlines of segments) are left out by a morphological opening.
    Connected differing pixels form a region; the regions with most pixels are shown.

    Args:
        first: In mmdet's encoding, ``(H, W)``.
        second: Same size.
        num_boxes: The most boxes.

    Returns:
        (x1, y1, x2, y2) in pixels, the largest region first, with a margin.
    """
    first, second = match_instances([first, second])
    side = max(3, round(MIN_SHARE * min(first.shape)) | 1)
    differs = (first != second).astype(np.uint8)
    differs = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    _, _, regions, _ = cv2.connectedComponentsWithStats(differs)
    order = regions[1:][regions[1:, cv2.CC_STAT_AREA].argsort(kind='stable')[::-1]]
    height, width = first.shape
    return [
        (
            max(0, x - side),
            max(0, y - side),
            min(width, x + wide + side),
            min(height, y + high + side),
        )
        for x, y, wide, high, _ in order[:num_boxes].tolist()
    ]
