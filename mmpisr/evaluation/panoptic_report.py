"""From summed statistics to mmdet's panoptic result keys and printed tables."""

import numpy as np
from mmdet.evaluation.metrics.coco_panoptic_metric import (
    parse_pq_results,
    print_panoptic_table,
)
from mmengine.logging import MMLogger

from .category_table import CategoryTable
from .panoptic_quality import mean_quality, panoptic_quality


def report_panoptic_quality(
    stats: np.ndarray, table: CategoryTable, *, classwise: bool = False
) -> dict[str, float]:
    """Average over all, thing and stuff categories, and print the table.

    Args:
        stats: As ``image_pq_statistics`` makes them, summed over images, ``(C, 4)``.
        table: The C categories.
        classwise: Print a second table with a row per category.

    Returns:
        ``PQ``, ``SQ``, ``RQ`` and the same with ``_th`` and ``_st``, in percent; NaN
        for a group without segments.
    """
    quality = panoptic_quality(stats)  # (C, 3)
    things = table.is_thing
    groups = dict(All=quality, Things=quality[things], Stuff=quality[~things])
    means = {name: _named(*mean_quality(rows)) for name, rows in groups.items()}
    classes = {
        name: _named(row) for name, row in zip(table.names, quality, strict=True)
    }
    logger = MMLogger.get_current_instance()
    print_panoptic_table(means, classes if classwise else None, logger=logger)
    return {key: float(value) for key, value in parse_pq_results(means).items()}


def _named(quality: np.ndarray, count: int = 1) -> dict[str, float]:
    """Name PQ, SQ, RQ and their number of categories as panopticapi does."""
    return dict(zip(('pq', 'sq', 'rq'), quality, strict=True), n=count)
