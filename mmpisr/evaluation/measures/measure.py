"""What all measures have in common.

Records are small (no maps): they are kept for all images and sent between processes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..scored_image import ScoredImage


class Measure(ABC):
    """Reduces each image to a record, and the records of all images to values.

    Attributes:
        name: Key of its records in the results of a metric.
    """

    name: str

    @abstractmethod
    def of_image(self, image: ScoredImage) -> Any:
        """Reduce one image to its record."""

    @abstractmethod
    def summarise(self, records: Sequence[Any]) -> dict[str, float]:
        """Return the values of all images by result key, in percent.

        NaN where there is nothing to measure.
        """


class AdditiveMeasure(Measure):
    """A measure whose values follow from the sum of its images' arrays.

    Attributes:
        shape: Of the array of each image, ``(C, K)``.
    """

    shape: tuple[int, int]

    @abstractmethod
    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Count what one image has, float64, ``(C, K)``."""

    @abstractmethod
    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Turn sums over images into values.

        Args:
            total: Sums, any number of them at once, ``(..., C, K)``.

        Returns:
            Values by result key in percent, each ``(...)``; NaN where there is nothing
            to measure.
        """

    def summarise(self, records: Sequence[np.ndarray]) -> dict[str, float]:
        """Add up the images and return their values."""
        values = self.values(sum(records, np.zeros(self.shape)))
        return {key: float(value) for key, value in values.items()}


def mean_of_present(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Average over the categories that are present.

    Args:
        values: One per category; what is absent may be NaN, ``(..., C)``.
        present: Which to average, bool, ``(..., C)``.

    Returns:
        The means, NaN where no category is left, ``(...)``.
    """
    count = present.sum(axis=-1)
    total = np.where(present, values, 0.0).sum(axis=-1)
    return total / np.where(count > 0, count, np.nan)
