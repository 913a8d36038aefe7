"""A metric over what variants differ in: K, GMACs, time."""

from pathlib import Path

import numpy as np

from mmpisr.visualization.figure import new_figure

from .plots import save
from .results import StudyResults
from .study import AXES, Variant
from .time_ratios import FIELDS

STYLES = 'o-', 's--', '^:', 'D-.', 'v-', 'x--'
GREYS = '0.15', '0.5', '0.3', '0.65', '0.45', '0.2'
Points = list[tuple[float, Variant]]


def draw_all_lines(results: StudyResults, folder: Path) -> list[list[Path]]:
    """Draw PQ over the study's axis, or over each of its measured ones.

    Returns:
        The files of each figure; none where no variant is on an axis.
    """
    fields = results.study.x_from or (None,)
    return [
        draw_lines(results, folder / f'pq_over_{field or "x"}', field=field)
        for field in fields
        if any(position(results, v, field) is not None for v in results.complete)
    ]


def draw_lines(
    results: StudyResults, path: Path, *, field: str | None, metric: str = 'PQ'
) -> list[Path]:
    """A metric over an axis, a line for each of the study's ``line`` names.

    Args:
        results: What was recorded.
        path: Of the figure, without a suffix.
        field: One of ``AXES`` that is the axis, None for each variant's ``x``.
        metric: What is drawn.
    """
    study = results.study
    figure = new_figure(640, 500)
    axes = figure.subplots()
    if position(results, study.base, field) is None and results.runs[study.base.label]:
        mean = results.spread(study.base.label, metric).mean
        axes.axhline(mean, color='0.6', linewidth=1, label=study.base.label)
    for index, (name, points) in enumerate(lines_of(results, field).items()):
        spreads = [results.spread(variant.label, metric) for _, variant in points]
        axes.errorbar(
            [x for x, _ in points],
            [spread.mean for spread in spreads],
            yerr=np.nan_to_num([spread.deviation for spread in spreads]),
            fmt=STYLES[index % len(STYLES)],
            color=GREYS[index % len(GREYS)],
            capsize=3,
            label=name or None,
        )
    axes.set_xlabel(AXES[field] if field else study.x_label)
    axes.set_ylabel(metric)
    axes.set_title(study.title)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            loc='upper center', bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False
        )
    return save(figure, path)


def lines_of(results: StudyResults, field: str | None) -> dict[str, Points]:
    """Points of each line, in order of the axis.

    A line of models that are tested otherwise also goes through their own test.
    """
    lines: dict[str, dict[str, tuple[float, Variant]]] = {}
    for variant in results.complete:
        for one in (variant, results.study.trained_as(variant)):
            x = position(results, one, field)
            if x is not None and results.runs[one.label]:
                lines.setdefault(variant.line, {})[one.label] = x, one
    return {
        name: sorted(points.values(), key=lambda point: point[0])
        for name, points in lines.items()
    }


def position(
    results: StudyResults, variant: Variant, field: str | None
) -> float | None:
    """Where a variant is on an axis, None if it is not."""
    if field is None:
        return variant.x
    if field in FIELDS.values():
        return results.time_ratio(variant.label, field)
    return results.mean_of(variant.label, field)
