"""PQ, SQ and RQ of all, thing and stuff categories, under mmdet's keys."""

from collections.abc import Sequence

import numpy as np
from mmdet.evaluation.metrics.coco_panoptic_metric import (
    parse_pq_results,
    print_panoptic_table,
)
from mmengine.logging import MMLogger

from ..category_table import CategoryTable
from ..panoptic_quality import image_pq_statistics, mean_quality, panoptic_quality
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
        quality = panoptic_quality(self.total(records))  # (C, 3)
        means = self._means(quality)
        names = self.table.names
        classes = {n: _named(row) for n, row in zip(names, quality, strict=True)}
        logger = MMLogger.get_current_instance()
        print_panoptic_table(means, classes if self.classwise else None, logger=logger)
        return {key: float(value) for key, value in parse_pq_results(means).items()}

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
