"""Draw COCO's outlines: polygons, and masks as run lengths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

Part = np.ndarray | Mapping[str, Any]  # points (N, 2), x and y; or size and counts


def outline_parts(where: str, segmentation: Any) -> list[Part]:
    """Split a ``segmentation``; bare numbers or points are one polygon.

    Raises:
        ValueError: Names the place and the value that is no outline.
    """
    parts: Any = [segmentation] if isinstance(segmentation, Mapping) else segmentation
    try:
        if not any(isinstance(part, Mapping) for part in parts):
            bare = bool(parts) and {np.shape(part) for part in parts} <= {(), (2,)}
            parts = [parts] if bare else parts
        found = [p if isinstance(p, Mapping) else _points(p) for p in parts]
    except (TypeError, ValueError) as reason:
        raise ValueError(
            f'{where}: segmentation is {str(segmentation)[:80]}, expected polygons of '
            f'x and y in turn, or size and counts ({reason})'
        ) from reason
    return found


def _points(polygon: Any) -> np.ndarray:
    points = np.array(polygon, float).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError('not all numbers are finite')
    return points


def outline_mask(
    where: str, parts: list[Part], size: tuple[int, int]
) -> tuple[np.ndarray, int, int]:
    """Draw parts into a window of the image, clipped to it.

    Polygons have three points at least; ``size`` is height and width of the image.

    Returns:
        Mask ``(h, w)`` bool, and the left and top of the window, pixels.

    Raises:
        ValueError: Run lengths do not fit the size, or a polygon reaches farther
            outside than the image is long.
    """
    side = np.array(size[::-1])
    polygons = [part for part in parts if isinstance(part, np.ndarray)]
    rles = [_checked_rle(where, p, size) for p in parts if isinstance(p, Mapping)]
    points = np.concatenate([*polygons, *([[[0, 0], side]] if rles else [])])
    low = np.floor(points.min(axis=0)).astype(int)
    high = np.ceil(points.max(axis=0)).astype(int) + 1
    if (low < -side).any() or (high > 2 * side + 1).any():
        raise ValueError(
            f'{where}: a polygon spans x, y from {low.tolist()} to {high.tolist()}, '
            f'but the image is {side.tolist()} (width, height); is it of another image?'
        )
    width, height = high - low  # pycocotools misplaces negative coordinates
    mask = np.zeros((height, width), np.uint8)
    if polygons:
        moved = [(points - low).ravel().tolist() for points in polygons]
        mask = coco_mask.decode(
            coco_mask.merge(coco_mask.frPyObjects(moved, height, width))
        )
    (left, top), (right, bottom) = low.clip(min=0), (side - low).clip(min=0)
    mask = mask[top - low[1] : bottom, left - low[0] : right].astype(bool)
    for rle in rles:
        mask |= coco_mask.decode(rle).astype(bool)
    return mask, int(left), int(top)


def _checked_rle(where: str, rle: Mapping, size: tuple[int, int]) -> dict:
    """Check and compress run lengths; pycocotools accepts faulty ones."""
    counts: Any = rle.get('counts')
    found = rle.get('size')
    if isinstance(counts, str):
        counts = _expand(counts)
    whole = isinstance(counts, list) and all(type(n) is int and n >= 0 for n in counts)
    pixels = sum(counts) if whole else f'{str(counts)[:40]}'
    if found != list(size) or pixels != size[0] * size[1]:
        raise ValueError(
            f'{where}: segmentation has size {found} (height, width) and counts of '
            f'{pixels} pixels, but the image is {list(size)}: {size[0] * size[1]}'
        )
    return coco_mask.frPyObjects(dict(counts=counts, size=found), *size)


def _expand(text: str) -> list[int]:
    """Run lengths of COCO's text: 5 bits a character, differences from the 4th on."""
    counts: list[int] = []
    value = shift = 0
    for code in (ord(char) - 48 for char in text):
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:  # the last character of a number; its highest bit is the sign
            value -= (code & 16) << shift - 4
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    return counts
