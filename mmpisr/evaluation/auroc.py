"""How well a score tells positives from negatives: area under the ROC curve."""

from collections.abc import Iterator

import numpy as np

from .resampling import Interval, draw_counts, interval_of


def auroc_of_counts(negative: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Chance that a positive outscores a negative; equal scores count half.

    Args:
        negative: How many negatives have each score, lowest score first; weights need
            not be whole, ``(..., G)``.
        positive: The same of positives.

    Returns:
        In [0, 1], ``(...)``; NaN where either is missing.
    """
    below = np.cumsum(negative, axis=-1) - negative
    wins = (positive * (below + 0.5 * negative)).sum(axis=-1)
    pairs = negative.sum(axis=-1) * positive.sum(axis=-1)
    return wins / np.where(pairs > 0, pairs, np.nan)


class ImageAuroc:
    """AUROC of scores that belong to images, and of images drawn again.

    Args:
        scores: Of all entries of all images, ``(E,)``.
        positive: Which entries are positive, bool, ``(E,)``.
        images: Index of each entry's image, ``(E,)``.
        num_images: I; an image may have no entry.
    """

    def __init__(
        self,
        scores: np.ndarray,
        positive: np.ndarray,
        images: np.ndarray,
        num_images: int,
    ) -> None:
        order = np.argsort(scores, kind='stable')
        self._positive, self._images = positive[order], images[order]
        steps = np.diff(scores[order], prepend=np.nan) != 0  # the first one too
        self._starts = np.flatnonzero(steps)
        self.num_images = num_images

    def value(self) -> float:
        """AUROC of all images; NaN where positives or negatives are missing."""
        return float(self._weighted(np.ones((1, self.num_images)))[0])

    def resampled(self, *, resamples: int = 1000, seed: int = 0) -> np.ndarray:
        """AUROC of images drawn with replacement, NaN as above, ``(R,)``.

        The same seed draws the same images, whatever the scores.
        """
        draws: Iterator[np.ndarray] = draw_counts(
            self.num_images, resamples=resamples, seed=seed
        )
        return np.concatenate([self._weighted(weights) for weights in draws])

    def _weighted(self, image_weights: np.ndarray) -> np.ndarray:
        """AUROC where images weigh ``(R, I)``, ``(R,)``."""
        if len(self._starts) == 0:
            return np.full(len(image_weights), np.nan)
        weights = image_weights[:, self._images]  # (R, E)
        negative, positive = (
            np.add.reduceat(weights * mask, self._starts, axis=1)  # (R, G)
            for mask in (~self._positive, self._positive)
        )
        return auroc_of_counts(negative, positive)


def mean_auroc(
    of_seeds: list[ImageAuroc], *, resamples: int = 1000
) -> tuple[float, Interval]:
    """Mean AUROC over models that scored the same images, and its interval.

    Args:
        of_seeds: One per model.
        resamples: Draws of images, the same for all models.

    Returns:
        The mean and its 95 % interval over images; NaN where a model has none.
    """
    value = float(np.mean([one.value() for one in of_seeds]))
    drawn = np.mean([one.resampled(resamples=resamples) for one in of_seeds], axis=0)
    return value, interval_of(drawn)
