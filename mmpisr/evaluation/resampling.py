"""Confidence intervals and tests over images, for additive measures.

Values of class-averaged measures are no means of per-image values, so sums are drawn
again: a resample is a weight per image, and its sum one matrix product.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from .measures import AdditiveMeasure

CHUNK = 100  # resamples at once
INTERVAL = (2.5, 97.5)  # percentiles: 95 %


class Interval(NamedTuple):
    """95 % of the values that resampled images give; NaN if none of them is defined."""

    low: float
    high: float


class Difference(NamedTuple):
    """Two results over the same images.

    Attributes:
        first: Value of the first, percent.
        second: Value of the second.
        difference: First minus second.
        interval: Of the difference, by paired bootstrap.
        p_value: Two-sided, by paired permutation.
    """

    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float


def bootstrap_intervals(
    measures: Mapping[str, AdditiveMeasure],
    records: Mapping[str, np.ndarray],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Draw images with replacement and see how far the values spread.

    Args:
        measures: By name.
        records: Array of all images by the same names, ``(I, C, K)`` each.
        resamples: How often to draw I images, R.
        seed: Of the random generator; all measures see the same draws.

    Returns:
        An interval per result key.
    """
    intervals: dict[str, Interval] = {}
    for name, measure in measures.items():
        weights = draw_counts(len(records[name]), resamples=resamples, seed=seed)
        drawn = weighted_values(measure, records[name], weights)
        intervals |= {key: interval_of(values) for key, values in drawn.items()}
    return intervals


def compare_pairs(
    measure: AdditiveMeasure,
    first: np.ndarray,
    second: np.ndarray,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare two results of the same images, which pair up.

    The bootstrap draws the same images for both. The permutation test asks how often
    results that are swapped at random, image by image, differ at least as much as they
    do: p = (1 + such swaps) / (1 + R).

    Args:
        measure: What is compared.
        first: The first result's array of each image, ``(I, C, K)``.
        second: The second's, in the same order.
        resamples: R, of each kind.
        seed: Of the random generator.

    Returns:
        A comparison per result key.
    """
    counts = [draw_counts(len(first), resamples=resamples, seed=seed) for _ in range(2)]
    drawn = [
        weighted_values(measure, records, weights)
        for records, weights in zip((first, second), counts, strict=True)
    ]
    gap = second - first
    swaps = [draw_swaps(len(first), resamples=resamples, seed=seed) for _ in range(2)]
    mixed = [
        weighted_values(measure, gap * sign, weights, start=records.sum(axis=0))
        for records, weights, sign in zip((first, second), swaps, (1, -1), strict=True)
    ]
    ours, theirs = (measure.values(records.sum(axis=0)) for records in (first, second))
    return {
        key: _difference(
            float(ours[key]),
            float(theirs[key]),
            drawn[0][key] - drawn[1][key],
            mixed[0][key] - mixed[1][key],
        )
        for key in ours
    }


def draw_counts(num_images: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each image is drawn, in chunks of ``(<= CHUNK, I)``."""
    rng = np.random.default_rng(seed)
    chances = np.full(num_images, 1 / max(num_images, 1))
    for size in _chunks(resamples):
        if num_images:
            yield rng.multinomial(num_images, chances, size=size).astype(np.float64)
        else:
            yield np.zeros((size, 0))


def draw_swaps(num_images: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield which images are swapped, 0 or 1, in chunks of ``(<= CHUNK, I)``."""
    rng = np.random.default_rng(seed)
    for size in _chunks(resamples):
        yield rng.integers(0, 2, size=(size, num_images)).astype(np.float64)


def weighted_values(
    measure: AdditiveMeasure,
    records: np.ndarray,
    weights: Iterator[np.ndarray],
    start: np.ndarray | float = 0.0,
) -> dict[str, np.ndarray]:
    """Values of weighted sums of images.

    Args:
        measure: Makes values of sums.
        records: One array an image, ``(I, C, K)``.
        weights: Chunks of weights, ``(r, I)`` each, R rows together.
        start: Added to each sum, ``(C, K)``.

    Returns:
        Values by result key, ``(R,)`` each.
    """
    flat = np.ascontiguousarray(records, dtype=np.float64)
    flat = flat.reshape(len(records), int(np.prod(measure.shape)))  # (I, C * K)
    chunks = [
        measure.values((chunk @ flat).reshape(-1, *measure.shape) + start)
        for chunk in weights
    ]
    return {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}


def interval_of(values: np.ndarray) -> Interval:
    """95 % interval of resampled values, undefined ones (NaN) left out."""
    defined = values[~np.isnan(values)]
    if len(defined) == 0:
        return Interval(float('nan'), float('nan'))
    return Interval(*(float(v) for v in np.percentile(defined, INTERVAL)))


def _difference(
    first: float, second: float, drawn: np.ndarray, swapped: np.ndarray
) -> Difference:
    observed = first - second
    hits = np.abs(swapped) >= abs(observed) - 1e-9  # percent; equal up to rounding
    p_value = (1 + hits.sum()) / (1 + len(swapped))
    if np.isnan(observed):
        p_value = float('nan')
    return Difference(first, second, observed, interval_of(drawn), float(p_value))


def _chunks(resamples: int) -> Iterator[int]:
    for done in range(0, resamples, CHUNK):
        yield min(CHUNK, resamples - done)
