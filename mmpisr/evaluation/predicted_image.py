"""What a model predicted for one image, in the categories that are scored.

A model may predict instances with masks that overlap and have scores of their own
(query models with ``instance_on=True``), or list segments of its panoptic map as
instances (Panoptic-DeepLab). mmdet's fusion heads predict a panoptic map only; its
thing segments then are the instances. Their score is the mean probability of their
class over their pixels where the sample has class probabilities
(``pred_sem_seg.scores``, ``(N, H, W)``), else 1.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from hotcoco import mask as run_length
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor

from .category_table import CategoryTable
from .overlaps import count_pixels


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


class PredictedImage:
    """Reads a data sample of any panoptic model, and does not change it.

    Everything is computed when it is first used.

    Args:
        sample: ``pred_panoptic_seg`` with ``sem_seg (1, H, W)`` in mmdet's encoding;
            ``pred_sem_seg`` and ``pred_instances`` where the model has them. All dicts.
        table: Rows of the categories.

    Raises:
        ValueError: In use, predictions of several sizes, or a label that is no class.
    """

    def __init__(self, sample: Mapping, table: CategoryTable) -> None:
        self.sample = sample
        self.table = table

    @cached_property
    def panoptic(self) -> np.ndarray:
        """Predicted segments, ``label + INSTANCE_OFFSET * instance``, ``(H, W)``."""
        return _numpy(self.sample['pred_panoptic_seg']['sem_seg'])[0]

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        return count_pixels(self.panoptic)

    @property
    def values(self) -> np.ndarray:
        """The distinct predicted segments, sorted, ``(P,)``."""
        return self._counted[0]

    @cached_property
    def rows(self) -> np.ndarray:
        """Category row of each segment, -1 = void, ``(P,)``."""
        ignored = self.sample['pred_panoptic_seg'].get('ignore_index')
        return self.table.rows_of_segments(self.values, ignored)

    @cached_property
    def labels(self) -> np.ndarray | None:
        """Semantic prediction, ``(H, W)``; ``None`` where the model has none."""
        if 'pred_sem_seg' not in self.sample:
            return None
        labels = _numpy(self.sample['pred_sem_seg']['sem_seg'])[0]
        self._check_size('pred_sem_seg', labels.shape)
        return labels

    def semantic_rows(self) -> np.ndarray:
        """Category row of each pixel, -1 = void, ``(H, W)``.

        From the semantic prediction; from the panoptic one where there is none.
        """
        if self.labels is not None:
            return self.table.rows_of_labels(self.labels)
        return self.rows[np.searchsorted(self.values, self.panoptic)]

    @cached_property
    def segment_ids(self) -> tuple[np.ndarray, list[dict]]:
        """The panoptic prediction as result formats have it.

        An id is the value of the predicted map, void is 0. A segment whose value is 0
        (class 0 without instance, where no class is a thing) gets the value of void
        instead, which no segment has.

        Returns:
            Ids, int64, ``(H, W)``, and for each of them but 0 a dict with ``id``,
            ``category_id``, ``area`` (pixels) and ``isthing``.
        """
        values, areas = self._counted
        ids = np.where(values == 0, self.table.num_classes, values).astype(np.int64)
        ids[self.rows < 0] = 0
        categories = self.table.categories
        segments = [
            dict(
                id=int(segment_id),
                category_id=categories[row]['id'],
                area=int(area),
                isthing=categories[row]['isthing'],
            )
            for segment_id, area, row in zip(ids, areas, self.rows, strict=True)
            if row >= 0
        ]
        return ids[np.searchsorted(values, self.panoptic)], segments

    @cached_property
    def instances(self) -> PredictedInstances:
        """Predicted instances.

        From ``pred_instances``, of any category, by their ``masks`` (``(n, H, W)``, or
        the run-length codes that ``DumpPanopticResults`` writes) or by their
        ``segments``, values of the panoptic map; the thing segments of that map where a
        sample has neither.
        """
        found = self.sample.get('pred_instances') or {}
        if 'masks' not in found and 'segments' not in found:
            return self._thing_segments()
        rows = self.table.rows_of_labels(_numpy(found['labels']))
        scores = _numpy(found['scores'])
        if 'masks' not in found:
            return self._of_segments(rows, scores, _numpy(found['segments']))
        masks = _decoded(found['masks'], self.panoptic.shape)
        self._check_size("the masks of 'pred_instances'", masks.shape[1:])
        return PredictedInstances(rows, scores, lambda: masks)

    def _thing_segments(self) -> PredictedInstances:
        kept = np.append(self.table.is_thing, False)[self.rows]  # void is -1, the last
        segments = self.values[kept]
        scores = np.ones(len(segments))
        probs = self.sample.get('pred_sem_seg', {}).get('scores')
        if probs is not None:
            probs = _numpy(probs)
            for index, value in enumerate(segments):
                pixels = self.panoptic == value
                scores[index] = probs[value % INSTANCE_OFFSET][pixels].mean()
        return self._of_segments(self.rows[kept], scores, segments)

    def _of_segments(
        self, rows: np.ndarray, scores: np.ndarray, segments: np.ndarray
    ) -> PredictedInstances:
        panoptic = self.panoptic  # a lambda with self would be a cycle of references
        return PredictedInstances(
            categories=rows,
            scores=scores,
            masks=lambda: panoptic[None] == segments[:, None, None],
            segments=segments,
        )

    def _check_size(self, what: str, size: tuple[int, ...]) -> None:
        if size != self.panoptic.shape:
            raise ValueError(
                f'image {self.sample.get("img_id")!r}: the panoptic prediction has '
                f'{self.panoptic.shape} pixels (height, width), {what} {size}'
            )


def _decoded(masks: Tensor | np.ndarray | list[dict], size: tuple) -> np.ndarray:
    """Masks ``(n, H, W)`` of arrays or of run-length codes; of ``size`` if n is 0."""
    if not isinstance(masks, list):
        return _numpy(masks).astype(bool, copy=False)
    if not masks:
        return np.zeros((0, *size), dtype=bool)
    return np.stack([run_length.decode(code) for code in masks]).astype(bool)


def _numpy(values: Tensor | np.ndarray) -> np.ndarray:
    return values.cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
