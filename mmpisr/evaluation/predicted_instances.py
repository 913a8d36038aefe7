"""Predicted instances of one image, from masks or from the panoptic map.

A model may give instances with masks that overlap and have scores of their own
(Panoptic-DeepLab; query models with ``instance_on=True``). mmdet's fusion heads give a
panoptic map only; its thing segments then are the instances. Their score is the mean
probability of their class over their pixels where the sample has class probabilities
(``pred_sem_seg.scores``, ``(N, H, W)``), else 1.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from hotcoco import mask as run_length
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor

from .category_table import CategoryTable


class PredictedInstances(NamedTuple):
    """Instances of one image, n of them.

    Attributes:
        categories: Category row of each, -1 = no class, ``(n,)``.
        scores: Confidence of each, ``(n,)``.
        masks: Makes their masks, bool, ``(n, H, W)``.
        segments: Their values in the panoptic map, ``(n,)``; ``None`` = they are none
            of its segments.
    """

    categories: np.ndarray
    scores: np.ndarray
    masks: Callable[[], np.ndarray]
    segments: np.ndarray | None = None


def from_masks(
    instances: Mapping, table: CategoryTable, size: tuple[int, ...]
) -> PredictedInstances:
    """Take the instances that a model gives.

    Args:
        instances: ``labels (n,)``, ``scores (n,)`` and ``masks``: ``(n, H, W)``, or the
            run-length codes that ``DumpPanopticResults`` leaves.
        table: Rows of the categories.
        size: Height and width where no mask says them.
    """
    masks = _masks(instances['masks'], size)
    return PredictedInstances(
        categories=table.rows_of_labels(_numpy(instances['labels'])),
        scores=_numpy(instances['scores']),
        masks=lambda: masks,
    )


def from_listed_segments(
    instances: Mapping, table: CategoryTable, panoptic: np.ndarray
) -> PredictedInstances:
    """Take the instances that a model gives as segments of its panoptic map.

    Args:
        instances: ``labels (n,)``, ``scores (n,)`` and ``segments (n,)``: values in the
            panoptic map.
        table: Rows of the categories.
        panoptic: The map, ``(H, W)``.
    """
    segments = _numpy(instances['segments'])
    return PredictedInstances(
        categories=table.rows_of_labels(_numpy(instances['labels'])),
        scores=_numpy(instances['scores']),
        masks=lambda: panoptic[None] == segments[:, None, None],
        segments=segments,
    )


def from_segments(
    panoptic: np.ndarray,
    values: np.ndarray,
    rows: np.ndarray,
    is_thing: np.ndarray,
    probs: Tensor | None,
) -> PredictedInstances:
    """Take the thing segments of a panoptic map.

    Args:
        panoptic: The map, ``(H, W)``.
        values: Its distinct segments, ``(P,)``.
        rows: Category row of each, -1 = void, ``(P,)``.
        is_thing: Which categories are things, bool, ``(C,)``.
        probs: Class probabilities, ``(N, H, W)``, for the scores.
    """
    kept = np.append(is_thing, False)[rows]  # void is -1, the last
    things = values[kept]
    scores = np.ones(len(things))
    if probs is not None:
        own = _numpy(probs)
        for index, value in enumerate(things):
            scores[index] = own[value % INSTANCE_OFFSET][panoptic == value].mean()
    return PredictedInstances(
        categories=rows[kept],
        scores=scores,
        masks=lambda: panoptic[None] == things[:, None, None],
        segments=things,
    )


def mask_overlaps(masks: np.ndarray, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Count the pixels that each mask shares with each value of a map.

    Args:
        masks: Bool, may overlap, ``(n, H, W)``.
        ids: Integers, ``(H, W)``.
        values: The distinct values of ``ids``, sorted, ``(S,)``.

    Returns:
        Pixels, int64, ``(n, S)``.
    """
    places = np.searchsorted(values, ids.ravel())  # (H * W,)
    table = np.zeros((len(masks), len(values)), dtype=np.int64)
    for row, mask in zip(table, masks, strict=True):
        inside = np.flatnonzero(mask)
        row[:] = np.bincount(places[inside], minlength=len(values))
    return table


def _masks(masks: Tensor | np.ndarray | list[dict], size: tuple) -> np.ndarray:
    if not isinstance(masks, list):
        return _numpy(masks).astype(bool, copy=False)
    if not masks:
        return np.zeros((0, *size), dtype=bool)
    return np.stack([run_length.decode(code) for code in masks]).astype(bool)


def _numpy(values: Tensor | np.ndarray) -> np.ndarray:
    return values.cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
