"""Markdown tables of a study."""

from collections.abc import Mapping, Sequence
from math import isnan

from .paired_difference import PairedDifference
from .results import METRICS, Spread, StudyResults
from .time_ratios import FIELDS


def value_table(results: StudyResults) -> str:
    """Mean and standard deviation of each metric, a row a variant."""
    rows = [
        [
            f'{variant.label} (control)' if variant.control else variant.label,
            str(len(results.runs[variant.label])),
            *(spread_text(results.spread(variant.label, m)) for m in results.metrics),
        ]
        for variant in results.complete
    ]
    return table(['variant', 'seeds', *results.metrics], rows)


def difference_table(
    found: Mapping[str, Mapping[str, PairedDifference]],
) -> str:
    """Differences with their intervals, by label and metric; bold excludes zero."""
    metrics = [m for m in METRICS if any(m in one for one in found.values())]
    rows = [
        [
            label,
            str(max((d.seeds for d in differences.values()), default=0)),
            *(
                difference_text(differences[m]) if m in differences else '-'
                for m in metrics
            ),
        ]
        for label, differences in found.items()
    ]
    return table(['variant', 'seeds', *metrics], rows)


def cost_table(results: StudyResults) -> str:
    """What each variant costs, means over seeds; times over the base's if measured."""
    fields = (
        ('gmacs', '.3f'),
        ('parameters', ',.0f'),
        ('seconds_per_iteration', '.3f'),
        ('training_seconds', '.0f'),
        ('peak_memory_mib', '.0f'),
    )
    times = {
        field: {v.label: results.time_ratio(v.label, field) for v in results.complete}
        for field in FIELDS.values()
    }
    times = {f: found for f, found in times.items() if any(found.values())}
    rows = [
        [
            v.label,
            *(format(results.mean_of(v.label, f), spec) for f, spec in fields),
            *(ratio_text(found[v.label]) for found in times.values()),
        ]
        for v in results.complete
    ]
    header = 'GMACs', 'parameters', 's / iteration', 'training s', 'peak MiB'
    return table(['variant', *header, *times], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table."""
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def ratio_text(ratio: float | None) -> str:
    """A time in times of the base's; ``-`` where it was not measured."""
    return '-' if ratio is None else f'x {ratio:.2f}'


def spread_text(spread: Spread) -> str:
    """``mean ± deviation (2 lack it)``, in percent; ``-`` where no seed has it."""
    if isnan(spread.mean):
        return '-'
    deviation = '' if isnan(spread.deviation) else f' ± {spread.deviation:.2f}'
    lacking = f' ({spread.lacking} lack it)' if spread.lacking else ''
    return f'{spread.mean:.2f}{deviation}{lacking}'


def difference_text(found: PairedDifference) -> str:
    """Difference and interval; ``*`` where it is over seeds only.

    Bold where it excludes zero, but not of one seed, whose interval is over images.
    """
    if isnan(found.difference):
        return '-'
    low, high = found.interval
    star = '' if found.over_images else '*'
    if isnan(low):
        return f'{found.difference:+.2f}{star}'
    bold = '**' if found.seeds > 1 and (low > 0 or high < 0) else ''
    return f'{bold}{found.difference:+.2f}{bold} [{low:+.2f}, {high:+.2f}]{star}'
