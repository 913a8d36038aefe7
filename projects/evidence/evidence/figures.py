"""Figures of a study, readable in black and white, the same bytes at each call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from .statistics import paired_difference
from .study import AXES, Study

FIXED: Any = {'svg.hashsalt': 'mmpisr', 'svg.fonttype': 'none', 'font.size': 9}
STYLES = 'o-', 's--', '^:', 'D-.', 'v-', 'x--'
GREYS = '0.15', '0.5', '0.3', '0.65', '0.45', '0.2'


def draw_variants(study: Study, frame: pd.DataFrame, path: Path) -> Path:
    """A row for each variant: PQ of each seed, and the difference to the base."""
    runs = {label: g.set_index('seed')['PQ'] for label, g in frame.groupby('label')}
    shown = [variant for variant in study.variants if variant.label in runs]
    figure = Figure(figsize=(8, 1 + 0.3 * len(shown)))
    left, right = figure.subplots(1, 2, sharey=True)
    for row, variant in enumerate(shown):
        values = runs[variant.label]
        fill = '0.75' if not variant.control else 'white'
        left.barh(row, values.mean(), color=fill, edgecolor='0.3')
        left.plot(values, [row] * len(values), '|', color='0.1', markersize=8)
        if study.base.label in runs and variant is not study.base:
            found = paired_difference(values, runs[study.base.label])
            right.plot(found.mean, row, 'o', color='0.1', markersize=4)
            right.hlines(row, found.low, found.high, color='0.4', linewidth=2)
    right.axvline(0, color='0.1', linewidth=1, linestyle='--')
    left.set_yticks(range(len(shown)), [variant.label for variant in shown])
    left.set_ylim(len(shown) - 0.5, -0.5)
    left.set_title('PQ, a stroke for each seed')
    right.set_title(f'PQ above {study.base.label}, 95 % interval')
    for axes in (left, right):
        axes.grid(axis='x', alpha=0.3)
    return _save(figure, path)


def draw_axis(study: Study, frame: pd.DataFrame, path: Path) -> list[Path]:
    """PQ over what variants differ in (K, GMACs), a line for each ``line``.

    Returns:
        The file; none where no variant is on an axis.
    """
    lines = _lines(study, frame)
    if not lines:
        return []
    figure = Figure(figsize=(6, 4.5))
    axes = figure.subplots()
    values = frame.groupby('label')['PQ'].agg(['mean', 'std']).fillna(0)
    base = study.base.label
    if base in values.index and not any(base in labels for labels in lines.values()):
        axes.axhline(values['mean'][base], color='0.6', linewidth=1, label=base)
    for index, (name, points) in enumerate(lines.items()):
        order = sorted(points, key=lambda label: points[label])
        axes.errorbar(
            [points[label] for label in order],
            values['mean'][order],
            yerr=values['std'][order],
            fmt=STYLES[index % len(STYLES)],
            color=GREYS[index % len(GREYS)],
            capsize=3,
            label=name or None,
        )
    axes.set_xlabel(AXES.get(study.x_from, study.x_label))
    axes.set_ylabel('PQ')
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            loc='upper center', bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False
        )
    return [_save(figure, path)]


def draw_classes(gaps: Mapping[str, pd.Series], path: Path) -> Path:
    """A panel for each comparison, a bar for each class: the difference of its PQ."""
    first = next(iter(gaps.values())).sort_values(ascending=False)
    figure = Figure(figsize=(4.5 * len(gaps), 1 + 0.2 * len(first)))
    panels = figure.subplots(1, len(gaps), sharey=True, squeeze=False)[0]
    for axes, (title, values) in zip(panels, gaps.items(), strict=True):
        axes.barh(range(len(first)), values.reindex(first.index), color='0.6')
        axes.axvline(0, color='0.1', linewidth=1)
        axes.set_title(title, wrap=True)
        axes.set_xlabel('PQ, difference')
        axes.grid(axis='x', alpha=0.3)
    panels[0].set_yticks(range(len(first)), first.index)
    panels[0].set_ylim(len(first) - 0.5, -0.5)
    return _save(figure, path)


def _lines(study: Study, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Place on the axis of each label, by line; tested models go through their own."""
    counted = frame.groupby('label')[[*AXES]].mean()
    places: dict[str, dict[str, float]] = {}
    for variant in study.variants:
        for label in (variant.label, variant.trained_as or variant.label):
            one = study.find(label)
            x = counted[study.x_from].get(one.label) if study.x_from else one.x
            if x is not None and one.label in counted.index:
                places.setdefault(variant.line, {})[one.label] = x
    return places


def _save(figure: Figure, path: Path) -> Path:
    """Write an svg without dates and random ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(FIXED):
        figure.savefig(
            path, bbox_inches='tight', metadata={'Date': None, 'Creator': None}
        )
    return path
