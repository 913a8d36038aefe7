"""Confidence intervals of a metric's values, printed and as result keys."""

from collections.abc import Mapping

from mmengine.logging import MMLogger

from .resampling import Interval, bootstrap_intervals
from .score_table import ScoreTable


def report_intervals(
    scores: ScoreTable, metrics: Mapping[str, float], *, resamples: int = 1000
) -> dict[str, float]:
    """Print a table of intervals and return them.

    Args:
        scores: The records of all images.
        metrics: The values by result key, percent.
        resamples: How often the images are drawn.

    Returns:
        ``{key}_ci_low`` and ``{key}_ci_high`` of each additive value.
    """
    intervals = bootstrap_intervals(
        scores.measures(), scores.records, resamples=resamples
    )
    MMLogger.get_current_instance().info(
        f'95 % confidence intervals (bootstrap over {len(scores.image_ids)} images, '
        f'{resamples} resamples):\n{interval_table(metrics, intervals)}'
    )
    found = {}
    for key, interval in intervals.items():
        found[f'{key}_ci_low'], found[f'{key}_ci_high'] = interval
    return found


def interval_table(
    metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> str:
    """Lay out a row per value: key, value, low, high."""
    width = max(map(len, intervals), default=0) + 2
    rows = [f'{"":{width}}{"value":>9}{"low":>9}{"high":>9}']
    rows += [
        f'{key:{width}}{metrics[key]:9.3f}{interval.low:9.3f}{interval.high:9.3f}'
        for key, interval in intervals.items()
    ]
    return '\n'.join(rows)
