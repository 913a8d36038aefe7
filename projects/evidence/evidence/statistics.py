"""Means over seeds, and paired differences with their intervals."""

from math import sqrt
from typing import NamedTuple

import pandas as pd
from scipy import stats

LEVEL = 0.95


class Difference(NamedTuple):
    """How much one variant is above another.

    Attributes:
        mean: Mean over the seeds that both have.
        low: Lower end of the 95 % interval, NaN for fewer than two seeds.
        high: Upper end.
        seeds: How many seeds.
    """

    mean: float
    low: float
    high: float
    seeds: int


def paired_difference(ours: pd.Series, theirs: pd.Series) -> Difference:
    """Compare a figure of two variants by Student's t over seeds.

    Both models of a seed see the same data in the same order, so the differences of
    seeds are taken first: mean ± t(0.975, n - 1) * s / sqrt(n).

    Args:
        ours: Values by seed.
        theirs: The same of the other; seeds that only one of them has do not count.
    """
    gaps = (ours - theirs).dropna()
    half = float('nan')
    if len(gaps) > 1:
        quantile = stats.t.ppf((1 + LEVEL) / 2, len(gaps) - 1)
        half = quantile * gaps.std(ddof=1) / sqrt(len(gaps))
    mean = float(gaps.mean())
    return Difference(mean, mean - half, mean + half, len(gaps))


def spread_text(values: pd.Series) -> str:
    """``mean ± standard deviation`` over seeds; ``-`` where no seed has the figure."""
    found = values.dropna()
    if found.empty:
        return '-'
    lacking = len(values) - len(found)
    deviation = f' ± {found.std(ddof=1):.2f}' if len(found) > 1 else ''
    return f'{found.mean():.2f}{deviation}' + (f' ({lacking} lack it)' * (lacking > 0))


def difference_text(found: Difference) -> str:
    """``+1.20 [+0.30, +2.10]``, bold where the interval excludes zero."""
    if not found.seeds:
        return '-'
    if found.seeds == 1:
        return f'{found.mean:+.2f} (one seed)'
    bold = '**' if found.low > 0 or found.high < 0 else ''
    return f'{bold}{found.mean:+.2f}{bold} [{found.low:+.2f}, {found.high:+.2f}]'
