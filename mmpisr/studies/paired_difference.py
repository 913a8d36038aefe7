"""Paired differences over seeds and images: a bootstrap in two levels.

Each resample draws seeds with replacement, and images with replacement. Both models get
the same seeds and the same images, and all seeds the same images, for they are
evaluated on one set: what is hard about an image is hard for every seed.

A plain bootstrap of three seeds covers three quarters instead of 95 %, so what each
resample of seeds deviates from the mean is widened as Student's t has it: by
``sqrt(S / (S - 1)) * t(0.975, S - 1) / 1.96`` for S seeds (2.7 for 3, 1.6 for 5).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from mmpisr.evaluation.measures import AdditiveMeasure
from mmpisr.evaluation.resampling import (
    Interval,
    draw_counts,
    interval_of,
    weighted_values,
)
from mmpisr.evaluation.score_table import ScoreTable

RESAMPLES = 1000


class PairedDifference(NamedTuple):
    """How much one variant is above another.

    Attributes:
        difference: Mean over the seeds that both have, percent.
        interval: 95 % of it over resampled seeds, and images where ``over_images``.
        seeds: How many seeds.
        over_images: Whether images were resampled too.
    """

    difference: float
    interval: Interval
    seeds: int
    over_images: bool


def differences_by_tables(
    pairs: Sequence[tuple[ScoreTable, ScoreTable]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, PairedDifference]:
    """Compare all additive measures of two variants.

    Args:
        pairs: The first's and the second's result, for each seed S that both have.
        resamples: Draws of seeds and images.
        seed: Of the random generator.

    Returns:
        First minus second, by result key; of one seed, over images alone.

    Raises:
        ValueError: The results are not of the same images in the same order.
    """
    tables = [table for pair in pairs for table in pair]
    _check_images(tables)
    drawn_seeds = _draw_seeds(len(pairs), resamples, seed)  # (R, S)
    found: dict[str, PairedDifference] = {}
    for name, measure in tables[0].measures().items():
        gaps = [
            _gaps(
                measure,
                a.records[name],
                b.records[name],
                resamples=resamples,
                seed=seed,
            )
            for a, b in pairs
        ]
        for key in gaps[0]:
            observed = [float(one[key][0]) for one in gaps]
            drawn = np.stack([one[key][1] for one in gaps], axis=1)  # (R, S)
            means = (drawn_seeds * drawn).sum(axis=1)  # (R,)
            found[key] = PairedDifference(
                float(np.mean(observed)), interval_of(means), len(pairs), True
            )
    return found


def difference_by_seeds(
    gaps: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0
) -> PairedDifference:
    """Compare a figure that is no sum over images (AP), resampling seeds alone.

    Args:
        gaps: First minus second, for each seed S.
        resamples: Draws of seeds.
        seed: Of the random generator.

    Returns:
        With an interval of NaN for a single seed, which says nothing of others.
    """
    drawn = _draw_seeds(len(gaps), resamples, seed) @ np.array(gaps)  # (R,)
    nothing = Interval(float('nan'), float('nan'))
    interval = interval_of(drawn) if len(gaps) > 1 else nothing
    return PairedDifference(float(np.mean(gaps)), interval, len(gaps), False)


def paired_differences(
    metrics: Mapping[int, tuple[Mapping[str, float], Mapping[str, float]]],
    tables: Mapping[int, tuple[ScoreTable, ScoreTable]],
    *,
    resamples: int = RESAMPLES,
) -> dict[str, PairedDifference]:
    """Compare all figures, with images where every seed has its score tables.

    Args:
        metrics: Figures of the first and the second, by seed.
        tables: Their score tables, by seed; some may be missing.
        resamples: Draws.
    """
    keys = [key for key in next(iter(metrics.values()))[0]] if metrics else []
    found = {
        key: difference_by_seeds(
            [first[key] - second[key] for first, second in metrics.values()],
            resamples=resamples,
        )
        for key in keys
        if all(key in figures for pair in metrics.values() for figures in pair)
    }
    if metrics and metrics.keys() == tables.keys():
        found |= differences_by_tables([*tables.values()], resamples=resamples)
    return found


def _gaps(
    measure: AdditiveMeasure,
    first: np.ndarray,
    second: np.ndarray,
    *,
    resamples: int,
    seed: int,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """First minus second of one seed: of all images, and of drawn ones, ``(R,)``."""
    ours, theirs = (measure.values(records.sum(axis=0)) for records in (first, second))
    drawn = [
        weighted_values(measure, r, draw_counts(len(r), resamples=resamples, seed=seed))
        for r in (first, second)
    ]
    return {
        key: (ours[key] - theirs[key], drawn[0][key] - drawn[1][key]) for key in ours
    }


def _draw_seeds(num_seeds: int, resamples: int, seed: int) -> np.ndarray:
    """Weight of each seed in each resample, widened, ``(R, S)``; rows sum to 1."""
    draws = draw_counts(num_seeds, resamples=resamples, seed=seed + 1)
    deviations = np.concatenate([*draws]) - 1  # (R, S)
    return (1 + deviations * widening(num_seeds)) / num_seeds


def widening(num_seeds: int) -> float:
    """By how much resampled seeds understate the spread of a mean of so many."""
    if num_seeds < 2:
        return 1.0  # nothing deviates
    freedom = num_seeds - 1
    quantiles = stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975)
    return float(np.sqrt(num_seeds / freedom) * quantiles)


def _check_images(tables: Sequence[ScoreTable]) -> None:
    first = [*tables[0].image_ids]
    for table in tables[1:]:
        if [*table.image_ids] != first:
            raise ValueError(
                f'scores are of different images: {len(first)} beginning with '
                f'{first[:3]}, and {len(table.image_ids)} beginning with '
                f'{[*table.image_ids][:3]}'
            )
