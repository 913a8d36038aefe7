"""One predicted image beside its truth; what measures share is computed once."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from .category_table import CategoryTable
from .ground_truth import ImageTruth
from .overlaps import Overlaps, count_overlaps
from .predicted_image import PredictedImage
from .predicted_instances import mask_overlaps
from .segment_png import check_ids, check_sizes


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
        check_sizes(self.truth.path, self.truth.ids, self.panoptic)
        overlaps = count_overlaps(self.truth.ids, self.panoptic)
        check_ids(self.truth.path, overlaps.first, self.truth.segments.ids)
        return overlaps

    @cached_property
    def values(self) -> np.ndarray:
        """The distinct predicted segments, sorted, ``(P,)``."""
        return self.overlaps.second

    @cached_property
    def semantic(self) -> tuple[Overlaps, np.ndarray]:
        """Truth ids (rows) against predicted classes (columns), whose rows follow.

        From ``pred_sem_seg``; the classes of the panoptic map where there is none.
        """
        if self.labels is None:
            return self.overlaps, self.rows
        check_sizes(self.truth.path, self.truth.ids, self.labels)
        overlaps = count_overlaps(self.truth.ids, self.labels)
        return overlaps, self.table.rows_of_labels(overlaps.second)

    def instance_overlaps(self) -> np.ndarray:
        """Pixels that each of ``instances`` shares with each id of the truth.

        Returns:
            int64, ``(n, S)``; the ids are those of ``overlaps.first``.
        """
        segments = self.instances.segments
        if segments is None:
            masks = self.instances.masks()
            return mask_overlaps(masks, self.truth.ids, self.overlaps.first)
        return self.overlaps.counts[:, np.searchsorted(self.values, segments)].T
