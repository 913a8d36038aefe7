"""Figures of a study, readable in black and white, the same bytes at each call."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmpisr.visualization.figure import new_figure

from .paired_difference import PairedDifference
from .results import StudyResults

PANELS = 'PQ', 'PQ_th', 'PQ_st', 'mIoU', 'iIoU', 'AP', 'relation_acc'
FIXED: Any = {'svg.hashsalt': 'mmpisr', 'svg.fonttype': 'path'}


def draw_bars(results: StudyResults, path: Path) -> list[Path]:
    """A panel a measured metric, a bar a variant: mean, deviation, and each seed.

    The capacity control is hatched, the base white.
    """
    metrics = [metric for metric in PANELS if metric in results.metrics]
    columns = min(len(metrics), 4)
    rows = ceil(len(metrics) / columns)
    height = 60 + 24 * len(results.complete)
    figure = new_figure(240 + 280 * columns, 80 + rows * (40 + height))
    all_axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in all_axes.flat[len(metrics) :]:
        axes.set_axis_off()
    for axes, metric in zip(all_axes.flat, metrics, strict=False):
        _draw_panel(axes, results, metric)
    figure.suptitle(f'{results.study.title}: mean and standard deviation over seeds')
    return save(figure, path)


def draw_differences(
    differences: Mapping[str, PairedDifference], title: str, path: Path
) -> list[Path]:
    """A row a variant: its difference with the 95 % interval, beside a line at zero."""
    figure = new_figure(800, 120 + 30 * len(differences))
    axes = figure.subplots()
    for row, found in enumerate(differences.values()):
        axes.hlines(row, *found.interval, color='0.4', linewidth=2)
        axes.plot(found.difference, row, 'o', color='0.1', markersize=5)
    axes.axvline(0, color='0.1', linewidth=1, linestyle='--')
    _name_rows(axes, [*differences])
    axes.set_xlabel('difference of PQ, 95 % interval')
    axes.set_title(title)
    return save(figure, path)


def save(figure: Figure, path: Path) -> list[Path]:
    """Write ``path`` as svg and png, without dates, versions and random ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    svg, png = (path.with_name(f'{path.name}.{suffix}') for suffix in ('svg', 'png'))
    with matplotlib.rc_context(FIXED):
        figure.tight_layout()
        figure.savefig(svg, metadata={'Date': None, 'Creator': None})
        figure.savefig(png, metadata={'Software': None})
    return [svg, png]


def _draw_panel(axes: Axes, results: StudyResults, metric: str) -> None:
    for row, variant in enumerate(results.complete):
        mean, deviation, _ = results.spread(variant.label, metric)
        is_base = variant is results.study.base
        axes.barh(
            row,
            mean,
            xerr=None if np.isnan(deviation) else deviation,
            color='white' if is_base or variant.control else '0.75',
            hatch='///' if variant.control else None,
            edgecolor='0.2',
            capsize=3,
        )
        values = results.values(variant.label, metric)
        axes.plot(values, [row] * len(values), '|', color='0.1', markersize=7)
    _name_rows(axes, [variant.label for variant in results.complete])
    axes.set_title(metric)


def _name_rows(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis='x', alpha=0.3)
    axes.spines[['top', 'right']].set_visible(False)
