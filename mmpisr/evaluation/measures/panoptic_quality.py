"""Panoptic quality (Kirillov et al., CVPR 2019), in memory and vectorised.

The numbers equal panopticapi's, void and crowd rules included:

- a prediction and a truth segment of one class match when their IoU exceeds 0.5; the
  prediction's void pixels do not count in the union;
- a crowd segment matches nothing and is never missed;
- an unmatched prediction is no false positive when more than half of it is void or
  crowd of its own class. Of several crowd segments of one class panopticapi regards
  the last one listed, and so does this.
"""

from collections.abc import Sequence

import numpy as np
from mmdet.evaluation.metrics.coco_panoptic_metric import (
    parse_pq_results,
    print_panoptic_table,
)
from mmengine.logging import MMLogger

from ..category_table import CategoryTable
from ..ground_truth import VOID, Segments
from ..overlaps import Overlaps
from ..scored_image import ScoredImage
from .measure import AdditiveMeasure


class PanopticQuality(AdditiveMeasure):
    """``PQ``, ``SQ``, ``RQ`` and the same with ``_th`` and ``_st``.

    Args:
        table: The C categories.
        classwise: Also print a table with a row per category.
    """

    name = 'pq'

    def __init__(self, table: CategoryTable, *, classwise: bool = False) -> None:
        self.shape = (len(table), 4)
        self.table = table
        self.classwise = classwise

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Match one image's segments, see ``image_pq_statistics``, ``(C, 4)``."""
        return image_pq_statistics(
            image.overlaps, image.truth.segments, image.rows, len(image.table)
        )

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return the nine means in percent of ``(..., C, 4)`` statistics, ``(...)``."""
        return parse_pq_results(self._means(panoptic_quality(total)))

    def summarise(self, records: Sequence[np.ndarray]) -> dict[str, float]:
        """Add up the images, print the tables and return the nine means."""
        quality = panoptic_quality(sum(records, np.zeros(self.shape)))  # (C, 3)
        named = zip(self.table.names, map(_named, quality), strict=True)
        classes = dict(named) if self.classwise else None
        logger = MMLogger.get_current_instance()
        print_panoptic_table(self._means(quality), classes, logger=logger)
        return super().summarise(records)

    def _means(self, quality: np.ndarray) -> dict[str, dict]:
        """Means of the three groups, as panopticapi names them."""
        things = self.table.is_thing
        groups = dict(
            All=quality,
            Things=quality[..., things, :],
            Stuff=quality[..., ~things, :],
        )
        return {name: _named(*mean_quality(rows)) for name, rows in groups.items()}


def _named(quality: np.ndarray, count: int | np.ndarray = 1) -> dict:
    """Name PQ, SQ, RQ, ``(..., 3)``, and their number of categories."""
    pq, sq, rq = np.moveaxis(quality, -1, 0)
    return dict(pq=pq, sq=sq, rq=rq, n=count)


def image_pq_statistics(
    overlaps: Overlaps,
    segments: Segments,
    pred_categories: np.ndarray,
    num_categories: int,
) -> np.ndarray:
    """Match one image's segments and count hits, false alarms and misses.

    Args:
        overlaps: Pixels shared by truth ids (rows) and predicted segments (columns).
        segments: The truth; every id but ``VOID`` in ``overlaps`` is among them.
        pred_categories: Category row of each predicted segment, -1 = void, ``(P,)``.
        num_categories: Rows of the result, C.

    Returns:
        Sum of IoU, true positives, false positives, false negatives per category,
        float64, ``(C, 4)``.
    """
    shared, void = _align(overlaps, segments.ids)  # (S, P), (P,)
    pred_areas = overlaps.counts.sum(axis=0)  # (P,)
    same = segments.categories[:, None] == pred_categories[None]  # (S, P)
    unions = segments.areas[:, None] + pred_areas[None] - shared - void[None]
    comparable = same & ~segments.is_crowd[:, None] & (shared > 0)
    ious = np.divide(
        shared, unions, out=np.zeros(same.shape), where=comparable & (unions > 0)
    )
    matched = ious > 0.5

    missed = ~matched.any(axis=1) & ~segments.is_crowd
    ignored = void + (shared * (same & _last_crowds(segments)[:, None])).sum(axis=0)
    false_alarm = (pred_categories >= 0) & ~matched.any(axis=0)
    false_alarm &= 2 * ignored <= pred_areas

    hits = segments.categories[matched.nonzero()[0]]
    counts = [
        np.bincount(hits, ious[matched], num_categories),
        np.bincount(hits, minlength=num_categories),
        np.bincount(pred_categories[false_alarm], minlength=num_categories),
        np.bincount(segments.categories[missed], minlength=num_categories),
    ]
    return np.stack(counts, axis=1).astype(np.float64)  # (C, 4)


def panoptic_quality(stats: np.ndarray) -> np.ndarray:
    """Turn summed statistics into PQ, SQ and RQ.

    Args:
        stats: As ``image_pq_statistics`` makes them, summed over images,
            ``(..., C, 4)``.

    Returns:
        PQ, SQ, RQ per category in [0, 1], ``(..., C, 3)``; NaN where a category has
        neither truth nor prediction.
    """
    iou, hits, false_alarms, misses = np.moveaxis(stats, -1, 0)
    weight = hits + 0.5 * false_alarms + 0.5 * misses
    weight = np.where(weight > 0, weight, np.nan)
    quality = np.where(hits > 0, iou / np.maximum(hits, 1), 0.0)
    return np.stack([iou / weight, quality + 0 * weight, hits / weight], axis=-1)


def mean_quality(quality: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average over the categories that have segments.

    Args:
        quality: PQ, SQ, RQ per category, NaN rows are left out, ``(..., C, 3)``.

    Returns:
        The three means, all NaN when no category is left, ``(..., 3)``, and how many
        were averaged, ``(...)``.
    """
    present = ~np.isnan(quality[..., 0])  # (..., C)
    count = present.sum(axis=-1)
    total = np.where(present[..., None], quality, 0.0).sum(axis=-2)
    return total / np.where(count > 0, count, np.nan)[..., None], count


def _align(overlaps: Overlaps, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order the rows as ``ids``; rows of absent ids are zero. The void row apart."""
    values = overlaps.first.astype(np.int64)
    table = np.pad(overlaps.counts, ((0, 1), (0, 0)))  # row of absent ids: the last
    wanted = np.append(ids, VOID)
    rows = np.searchsorted(values, wanted)
    found = values[np.minimum(rows, len(values) - 1)] == wanted
    aligned = table[np.where(found, rows, len(values))]
    return aligned[:-1], aligned[-1]


def _last_crowds(segments: Segments) -> np.ndarray:
    """Mark, of each category's crowd segments, the last one listed."""
    marks = np.zeros(len(segments.ids), dtype=bool)
    crowds = np.flatnonzero(segments.is_crowd)[::-1]
    _, first_of_reversed = np.unique(segments.categories[crowds], return_index=True)
    marks[crowds[first_of_reversed]] = True
    return marks
