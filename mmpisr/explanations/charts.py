"""Figures that explain a model, readable in black and white."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from mmpisr.evaluation.calibration import Reliability, reliability
from mmpisr.studies.plots import save
from mmpisr.visualization.figure import new_figure

from .counterfactual import OUTCOMES
from .score_summary import Entries

BINS = np.linspace(0, 1, 26)
FILLS = (
    dict(color='0.25'),
    dict(color='0.75'),
    dict(color='white', hatch='///'),
    dict(color='0.5', hatch='xxx'),
    dict(color='white', hatch='...'),
)
"""Of the outcomes, in their order."""


def draw_scores(
    groups: Mapping[str, tuple[Sequence[Entries], str, str]], path: Path
) -> list[Path]:
    """A panel a group: how often negatives and positives have each score.

    Args:
        groups: By title the entries of each model, and what positives and negatives
            are called.
        path: Of the figure, without a suffix.
    """
    figure = new_figure(540 * len(groups), 380)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, (seeds, positive, negative)) in zip(
        panels, groups.items(), strict=True
    ):
        scores, is_positive = _pooled(seeds)
        for mask, name, style in (
            (~is_positive, negative, dict(color='0.75', histtype='stepfilled')),
            (is_positive, positive, dict(color='0.1', histtype='step', linewidth=1.8)),
        ):
            chosen = scores[mask]
            share = np.full(len(chosen), 1 / max(len(chosen), 1))
            label = f'{name} ({len(chosen)})'
            axes.hist(chosen, BINS, weights=share, label=label, **style)
        axes.set_xlabel('score w')
        axes.set_ylabel('share of its group')
        _finish(axes, title)
    return save(figure, path)


def draw_calibration(
    groups: Mapping[str, tuple[Sequence[Entries], str, str]], path: Path
) -> list[Path]:
    """A panel a group: share of positives against the score, beside the diagonal."""
    figure = new_figure(440 * len(groups), 440)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, (seeds, positive, _)) in zip(panels, groups.items(), strict=True):
        found = reliability(*_pooled(seeds))
        axes.plot([0, 1], [0, 1], '--', color='0.6', linewidth=1, label='calibrated')
        axes.plot(found.scores, found.shares, 'o-', color='0.1', label='measured')
        _draw_counts(axes, found)
        axes.set_xlabel('score w, mean of a bin')
        axes.set_ylabel(f'share {positive}')
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        _finish(axes, f'{title}: error {found.error:.2f}')
    return save(figure, path)


def draw_conditions(
    values: Mapping[str, Mapping[str, Sequence[float]]], path: Path
) -> list[Path]:
    """A panel a metric, a bar a condition: mean over models, and each of them.

    Args:
        values: Of each model, by metric and condition; percent.
        path: Of the figure, without a suffix.
    """
    figure = new_figure(160 + 420 * len(values), 360)
    panels = figure.subplots(1, len(values), sharey=True, squeeze=False)[0]
    for axes, (metric, conditions) in zip(panels, values.items(), strict=True):
        for row, seeds in enumerate(conditions.values()):
            fill = 'white' if row == 0 else '0.75'
            axes.barh(row, np.mean(seeds), color=fill, edgecolor='0.2')
            axes.plot(seeds, [row] * len(seeds), '|', color='0.1', markersize=9)
        axes.set_yticks(range(len(conditions)), [*conditions])
        axes.set_ylim(len(conditions) - 0.5, -0.5)
        axes.set_title(f'{metric}, %')
        axes.grid(axis='x', alpha=0.3)
        axes.spines[['top', 'right']].set_visible(False)
    return save(figure, path)


def draw_outcomes(
    counts: Mapping[str, Mapping[str, np.ndarray]], path: Path
) -> list[Path]:
    """A panel a relation, a bar a model: what became of objects drawn twice.

    Args:
        counts: By relation and model the objects by outcome, ``(5,)``.
        path: Of the figure, without a suffix.
    """
    models = max(len(rows) for rows in counts.values())
    figure = new_figure(1100, 150 + 70 * models)
    panels = figure.subplots(1, len(counts), sharey=True, squeeze=False)[0]
    for axes, (title, rows) in zip(panels, counts.items(), strict=True):
        shares = np.array([100 * row / max(row.sum(), 1) for row in rows.values()])
        starts = np.cumsum(shares, axis=1) - shares
        for index, name in enumerate(OUTCOMES):
            axes.barh(
                range(len(rows)),
                shares[:, index],
                left=starts[:, index],
                edgecolor='0.2',
                label=name,
                **FILLS[index],
            )
        axes.set_yticks(range(len(rows)), [*rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 100)
        axes.set_xlabel('objects, %')
        axes.set_title(title)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc='upper center', ncol=len(names), frameon=False)
    figure.subplots_adjust(top=0.8)
    figure.suptitle(' ', fontsize=16)  # room for the legend
    return save(figure, path)


def figure_link(paths: Sequence[Path]) -> str:
    """Show the svg of a figure on a page beside it."""
    svg = paths[0]
    return f'![{svg.stem}]({svg.name})'


def _pooled(seeds: Sequence[Entries]) -> tuple[np.ndarray, np.ndarray]:
    """Scores of all models, and which are positive."""
    scores = np.concatenate([one.scores for one in seeds])
    return scores, np.concatenate([one.positive for one in seeds])


def _draw_counts(axes: Axes, found: Reliability) -> None:
    """How many entries a bin has, as bars along the bottom, at most a quarter high."""
    edges = np.linspace(0, 1, len(found.counts) + 1)
    heights = 0.25 * found.counts / max(found.counts.max(), 1)
    axes.bar(
        edges[:-1],
        heights,
        width=np.diff(edges),
        align='edge',
        color='0.85',
        edgecolor='white',
        zorder=0,
        label='entries',
    )


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend()
    axes.spines[['top', 'right']].set_visible(False)
