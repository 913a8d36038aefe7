"""Turn class and instance numbers per pixel into segments."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

VOID_CATEGORY = -1
COLOUR_STEP = 5_308_871  # odd: permutes 24 bits, so that neighbours look different


def number_segments(
    categories: np.ndarray,
    instances: np.ndarray,
    *,
    crowds: Collection[tuple[int, int]] = (),
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Give each pair of category and instance an id, in the order of the pairs.

    Args:
        categories: Ids, ``(H, W)`` integers, -1 = void.
        instances: Numbers in ``[0, 2**24)`` within a category, ``(H, W)``; stuff has
            one number throughout.
        crowds: Pairs that are crowd regions.

    Returns:
        As ``ImageJob.segments`` returns them.
    """
    pairs = categories.astype(np.int64) << 24 | instances
    pairs[categories == VOID_CATEGORY] = -1
    first, lengths = _runs(pairs)
    values, run_of = np.unique(pairs.ravel()[first], return_inverse=True)
    real = values >= 0
    ids = np.where(real, np.cumsum(real) * COLOUR_STEP % 2**24, 0)
    found = [(value >> 24, value & 2**24 - 1) for value in values[real].tolist()]
    infos = [
        dict(id=segment_id, category_id=pair[0], iscrowd=int(pair in crowds))
        for segment_id, pair in zip(ids[real].tolist(), found, strict=True)
    ]
    id_map = np.repeat(ids.astype(np.int32)[run_of], lengths)
    return id_map.reshape(pairs.shape), infos


def connected_instances(
    categories: np.ndarray, things: Iterable[int], *, min_area: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make every connected region of a thing class an instance (8 neighbours).

    Objects that touch become one instance, and an object in two parts becomes two.

    Args:
        categories: Ids, ``(H, W)`` integers, -1 = void.
        things: Category ids that have instances.
        min_area: Smaller regions (pixels) become void.

    Returns:
        Categories without small regions, and instance numbers from 1 on within a
        class, 0 elsewhere, ``(H, W)`` int32.
    """
    categories = categories.copy()
    instances = np.zeros(categories.shape, np.int32)
    for thing in np.intersect1d(distinct(categories), list(things)):
        mask = (categories == thing).astype(np.uint8)
        _, regions, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < min_area
        small[0] = False  # the background
        categories[small[regions]] = VOID_CATEGORY
        instances += np.where(small[regions], 0, regions)
    return categories, instances


def look_up(
    path: Path,
    labels: np.ndarray,
    table: dict[int, int],
    *,
    show: Callable[[int], str] = str,
    advice: str = '',
) -> np.ndarray:
    """Replace values ``(H, W)`` by those of a table, int32.

    Raises:
        ValueError: A value is not in the table; names it as ``show`` writes it, and
            how many pixels have it, and ends with the advice.
    """
    values = distinct(labels)
    unknown = [value for value in values.tolist() if value not in table]
    if unknown:
        value = unknown[0]
        raise ValueError(
            f'{path}: {(labels == value).sum()} pixels have value {show(value)}, which '
            f'no class has; known are [{", ".join(map(show, sorted(table)))}]; unknown '
            f'are {len(unknown)} values{advice}'
        )
    lowest = values.min(initial=0)
    new = np.zeros(values.max(initial=0) - lowest + 1, np.int32)
    new[values - lowest] = [table[value] for value in values.tolist()]
    return new[labels - lowest]


def distinct(array: np.ndarray) -> np.ndarray:
    """Sorted distinct values; fast where neighbours in a row are often equal."""
    return np.unique(array.ravel()[_runs(array)[0]])


def _runs(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat start and length of every run of equal values in an array."""
    flat = array.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = np.append(0, changes) if flat.size else changes
    return first, np.diff(first, append=flat.size)
