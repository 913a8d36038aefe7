"""One predicted image and its truth; what measures share is computed once."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .category_table import CategoryTable
from .ground_truth import ImageTruth
from .overlaps import Overlaps
from .predicted_image import PredictedImage


class SemanticOverlaps(NamedTuple):
    """Pixels of each pair of a true segment and a predicted class.

    Attributes:
        counts: Pixels, int64, ``(S, P)``.
        truth_ids: Distinct ids of the truth, ``(S,)``.
        truth_rows: Category row of each, -1 = void, ``(S,)``.
        pred_rows: Category row of each predicted value, -1 = no class, ``(P,)``.
    """

    counts: np.ndarray
    truth_ids: np.ndarray
    truth_rows: np.ndarray
    pred_rows: np.ndarray


class ScoredImage(PredictedImage):
    """A prediction, and the truth of it.

    Args:
        sample: See ``PredictedImage``.
        truth: The image's truth.
        table: Rows of the categories.

    Raises:
        ValueError: In use, maps of other sizes than the truth, a png that disagrees
            with its json, or a predicted label that is no class.
    """

    def __init__(
        self, sample: Mapping, truth: ImageTruth, table: CategoryTable
    ) -> None:
        super().__init__(sample, table)
        self.truth = truth

    @cached_property
    def overlaps(self) -> Overlaps:
        """Pixels shared by truth ids (rows) and predicted segments (columns)."""
        return self.truth.compare(self.panoptic)

    @property
    def values(self) -> np.ndarray:
        """The distinct predicted segments, sorted, ``(P,)``."""
        return self.overlaps.second

    @cached_property
    def semantic(self) -> SemanticOverlaps:
        """Truth and classes of ``pred_sem_seg``, or of the panoptic map without it."""
        overlaps, rows = self.overlaps, self.rows
        if self.labels is not None:
            overlaps = self.truth.compare(self.labels)
            rows = self.table.rows_of_labels(overlaps.second)
        return SemanticOverlaps(
            counts=overlaps.counts,
            truth_ids=overlaps.first,
            truth_rows=self.truth.classes(overlaps.first),
            pred_rows=rows,
        )

    def instance_overlaps(self) -> np.ndarray:
        """Pixels that each of ``instances`` shares with each id of the truth.

        Returns:
            int64, ``(n, S)``; the ids are those of ``overlaps.first``.
        """
        ids, segments = self.overlaps.first, self.instances.segments
        if segments is not None:
            columns = np.searchsorted(self.values, segments)
            return self.overlaps.counts[:, columns].T
        return mask_overlaps(self.instances.masks(), self.truth.ids, ids)


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
