"""Scores of things that are true or false: their means, and how well they tell them."""

import numpy as np

NUM_BINS = 200


class SplitScores:
    """Scores of entries that are either positive or negative, summed up.

    Attributes:
        sums: Sum of the scores of negatives (row 0) and positives (1), ``(2, size)``.
        counts: How many there were, ``(2, size)``.
        histogram: All scores in ``NUM_BINS`` equal bins of [0, 1], ``(2, NUM_BINS)``.

    Args:
        size: Entries per image, such as classes or slots.
    """

    def __init__(self, size: int) -> None:
        self.sums = np.zeros((2, size))
        self.counts = np.zeros((2, size), dtype=np.int64)
        self.histogram = np.zeros((2, NUM_BINS), dtype=np.int64)

    def add(
        self, scores: np.ndarray, positive: np.ndarray, counted: np.ndarray
    ) -> None:
        """Add one image's entries.

        Args:
            scores: In [0, 1], ``(size,)``.
            positive: The row of each, bool, ``(size,)``.
            counted: Entries to regard, bool, ``(size,)``.
        """
        entries = np.flatnonzero(counted)
        scores, rows = scores[entries], positive[entries].astype(np.int64)
        bins = np.minimum((scores * NUM_BINS).astype(np.int64), NUM_BINS - 1)
        np.add.at(self.sums, (rows, entries), scores)
        np.add.at(self.counts, (rows, entries), 1)
        np.add.at(self.histogram, (rows, bins), 1)

    def merge(self, other: 'SplitScores') -> None:
        """Add what another rank has summed up."""
        self.sums += other.sums
        self.counts += other.counts
        self.histogram += other.histogram

    def means(self) -> np.ndarray:
        """Mean score per entry, NaN where there was none, ``(2, size)``."""
        return _divide(self.sums, self.counts)

    def overall(self) -> np.ndarray:
        """Mean score of all negatives and of all positives, ``(2,)``."""
        return _divide(self.sums.sum(axis=1), self.counts.sum(axis=1))

    def auroc(self) -> float:
        """Chance that a positive outscores a negative; equal bins count half.

        NaN if either is missing.
        """
        return float(auroc_of_counts(*self.histogram))


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


def _divide(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return total / np.where(count > 0, count, np.nan)
