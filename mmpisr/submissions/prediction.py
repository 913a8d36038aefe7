"""What a model predicted for one image, in the categories of a submission."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.panoptic_results import panoptic_segments
from mmpisr.evaluation.predicted_image import PredictedImage


class PredictedThing(NamedTuple):
    """One object: its category's row, its confidence and its mask, bool ``(H, W)``."""

    row: int
    score: float
    mask: np.ndarray


class Prediction(PredictedImage):
    """A prediction in the forms that benchmarks ask for."""

    @cached_property
    def described(self) -> tuple[np.ndarray, list[dict]]:
        """Segment ids and their descriptions, as ``panoptic_segments`` gives them."""
        return panoptic_segments(
            self.panoptic,
            self.rows,
            categories=self.table.categories,
            num_classes=self.table.num_classes,
        )

    def semantic_rows(self) -> np.ndarray:
        """Category row of each pixel, -1 = void, ``(H, W)``.

        From the semantic prediction; from the panoptic one where there is none.
        """
        if self.labels is not None:
            return self.table.rows_of_labels(self.labels)
        return self.rows[np.searchsorted(self.values, self.panoptic)]

    def things(self) -> Iterator[PredictedThing]:
        """Every predicted object that is a thing and has a pixel."""
        found = self.instances
        for row, score, mask in zip(
            found.categories, found.scores, found.masks(), strict=True
        ):
            if row >= 0 and self.table.is_thing[row] and mask.any():
                yield PredictedThing(int(row), float(score), mask)
