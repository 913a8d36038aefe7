"""Does a score mean a chance: reliability diagram and calibration error."""

from typing import NamedTuple

import numpy as np

NUM_BINS = 10


class Reliability(NamedTuple):
    """Entries by their score, in equal bins of [0, 1]; empty bins have NaN means.

    Attributes:
        scores: Mean score of each bin, ``(BINS,)``.
        shares: Share of positives in each bin, ``(BINS,)``.
        counts: Entries of each bin, ``(BINS,)``.
    """

    scores: np.ndarray
    shares: np.ndarray
    counts: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: mean of |score - share|, bins by their entries.

        In [0, 1]; NaN of no entries.
        """
        filled = self.counts > 0
        gaps = np.abs(self.scores - self.shares)[filled]
        total = self.counts.sum()
        return float((gaps * self.counts[filled]).sum() / total) if total else np.nan


def reliability(
    scores: np.ndarray, positive: np.ndarray, *, num_bins: int = NUM_BINS
) -> Reliability:
    """Sort entries into bins.

    Args:
        scores: In [0, 1], ``(E,)``.
        positive: Which entries are positive, bool, ``(E,)``.
        num_bins: Bins of equal width; 1 belongs to the last.

    Raises:
        ValueError: A score is outside [0, 1].
    """
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        raise ValueError(
            f'scores are in [{scores.min()}, {scores.max()}], expected [0, 1]'
        )
    bins = np.minimum((scores * num_bins).astype(np.int64), num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    divisor = np.where(counts > 0, counts, np.nan)
    return Reliability(
        scores=np.bincount(bins, scores, num_bins) / divisor,
        shares=np.bincount(bins, positive, num_bins) / divisor,
        counts=counts,
    )
