"""Figures of several models on the same images: mean over models, and an interval."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.resampling import Interval, draw_counts, interval_of

RESAMPLES = 1000


class SeedMean(NamedTuple):
    """A figure, NaN where a model has nothing to measure.

    Attributes:
        mean: Over models.
        interval: 95 % over resampled images, the same ones for all models.
        of_seeds: The figure of each model.
    """

    mean: float
    interval: Interval
    of_seeds: tuple[float, ...]


def seed_mean(
    records: Sequence[np.ndarray],
    value: Callable[[np.ndarray], np.ndarray],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> SeedMean:
    """Average a figure of sums over images.

    Args:
        records: Of each model one array an image, ``(I, K)``, the same images in all.
        value: Makes a figure of sums, ``(..., K)`` to ``(...)``.
        resamples: Draws of images.
        seed: Of the random generator.

    Raises:
        ValueError: The models are not of equally many images.
    """
    counts = {len(one) for one in records}
    if len(counts) != 1:
        raise ValueError(f'models were given {sorted(counts)} images, not the same')
    draws = np.concatenate(
        [*draw_counts(counts.pop(), resamples=resamples, seed=seed)]
    )  # (R, I)
    of_seeds = tuple(float(value(one.sum(axis=0))) for one in records)
    drawn = np.mean([value(draws @ one) for one in records], axis=0)  # (R,)
    return SeedMean(float(np.mean(of_seeds)), interval_of(drawn), of_seeds)
