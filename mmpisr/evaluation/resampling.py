"""Confidence intervals and tests over images, for additive measures.

Values of class-averaged measures are no means of per-image values, so images are
resampled: a resample is a weight per image, and its sum of records one matrix product
(``scipy.stats.bootstrap`` would call the measure once a resample).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .measures.measure import AdditiveMeasure

CHUNK = 100  # resamples at once
INTERVAL = (2.5, 97.5)  # percentiles: 95 %


class Interval(NamedTuple):
    """95 % of the values of resampled images; NaN if none of them is defined."""

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
    """Draw images with replacement and take the spread of the values.

    Args:
        measures: By name.
        records: Array of all images by the same names, ``(I, C, K)`` each.
        resamples: How often to draw I images, R.
        seed: Of the random generator; all measures use the same draws.

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
    """Compare two results of the same images, in the same order.

    The bootstrap draws the same images for both. The permutation test swaps the two
    results of each image at random, and counts how often the totals then differ at
    least as much as they do: p = (1 + such swaps) / (1 + R).

    Args:
        measure: The measure that is compared.
        first: The first result's array of each image, ``(I, C, K)``.
        second: The second's, in the same order.
        resamples: R, of each kind.
        seed: Of the random generator.

    Returns:
        A comparison per result key.
    """
    found = []
    for own, gap in (first, second - first), (second, first - second):
        counts = draw_counts(len(own), resamples=resamples, seed=seed)
        swaps = draw_swaps(len(own), resamples=resamples, seed=seed)
        total = own.sum(axis=0)
        drawn = weighted_values(measure, own, counts)
        swapped = weighted_values(measure, gap, swaps, start=total)
        found.append((measure.values(total), drawn, swapped))
    (ours, our_draws, our_swaps), (theirs, their_draws, their_swaps) = found
    return {
        key: _difference(
            float(ours[key]),
            float(theirs[key]),
            our_draws[key] - their_draws[key],
            our_swaps[key] - their_swaps[key],
        )
        for key in ours
    }


def draw_counts(num_images: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each image is drawn, in chunks of ``(<= CHUNK, I)``."""
    rng = np.random.default_rng(seed)
    chances = np.full(num_images, 1 / max(num_images, 1))
    for size in _chunks(resamples):
        counts = rng.multinomial(num_images, chances, size) if num_images else ()
        yield np.reshape(counts, (size, num_images)).astype(np.float64)


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


def interval_table(
    metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> str:
    """Lay out a row per value: key, value, low, high."""
    rows = {
        key: [f'{value:9.3f}' for value in (metrics[key], *interval)]
        for key, interval in intervals.items()
    }
    return _table([f'{name:>9}' for name in ('value', 'low', 'high')], rows)


def difference_table(differences: Mapping[str, Difference]) -> str:
    """Lay out a row per value: A, B, A - B, its 95 % interval, p-value."""
    header = [f'{name:>9}' for name in ('A', 'B', 'A - B')]
    rows = {}
    for key, found in differences.items():
        interval = f'[{found.interval.low:+.3f}, {found.interval.high:+.3f}]'
        values = f'{found.first:9.3f}{found.second:9.3f}{found.difference:+9.3f}'
        rows[key] = [values, f'{interval:>22}', f'{found.p_value:10.4f}']
    return _table([*header, f'{"95 % interval":>22}', f'{"p-value":>10}'], rows)


def _table(header: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    width = max(map(len, rows), default=0) + 2
    lines = {'': header, **rows}
    return '\n'.join(f'{key:{width}}' + ''.join(cells) for key, cells in lines.items())
