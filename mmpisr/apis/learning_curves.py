"""Figures over the iterations of a training, from its logs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from mmpisr.visualization.figure import new_figure

Curve = dict[int, float]
"""A figure by iteration, PQ in percent for example."""

STYLES = ('o--', 's-')
PANEL_WIDTH, HEIGHT = 340, 340


def log_entries(log: Path) -> Iterator[dict[str, Any]]:
    """Read a ``scalars.json``, without the line that a kill has left half written."""
    for line in log.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def metric_name(key: str) -> str:
    """Name of a logged figure without its evaluator's prefix: ``PQ``."""
    return key.partition('/')[2]


def read_curves(work_dir: Path) -> dict[str, Curve]:
    """Read what was validated, a resumed training's earlier logs included.

    Args:
        work_dir: Of the training.

    Returns:
        Each figure by iteration, by its name without prefix; empty where nothing was
        validated.
    """
    curves: dict[str, Curve] = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for entry in log_entries(log):
            figures = {metric_name(key): v for key, v in entry.items() if '/' in key}
            for name, value in figures.items():
                curves.setdefault(name, {})[entry['step']] = value
    return {name: dict(sorted(curve.items())) for name, curve in curves.items()}


def read_curve(work_dir: Path, metric: str = 'PQ') -> Curve:
    """One of ``read_curves``; empty where it was not validated."""
    return read_curves(work_dir).get(metric, {})


def curve_table(curves: Mapping[str, Curve]) -> str:
    """A Markdown table: a row a training, a column an iteration.

    Args:
        curves: By name; an iteration that a curve lacks shows ``-``.
    """
    steps = sorted({step for curve in curves.values() for step in curve})
    rows = ['| PQ after iteration | ' + ' | '.join(map(str, steps)) + ' |']
    rows.append('| --- |' + ' --- |' * len(steps))
    for name, curve in curves.items():
        cells = [f'{curve[step]:.1f}' if step in curve else '-' for step in steps]
        rows.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(rows)


def draw_curves(panels: Mapping[str, Mapping[str, Curve]], path: Path) -> None:
    """Draw a panel a family, a line a training.

    Args:
        panels: Curves by name by the title of their panel.
        path: Image file; its suffix is the format.
    """
    figure = new_figure(PANEL_WIDTH * len(panels), HEIGHT)
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, curves) in zip(all_axes, panels.items(), strict=True):
        _draw_panel(axes, title, curves)
    all_axes[0].set_ylabel('PQ')
    figure.tight_layout()
    figure.savefig(path)


def _draw_panel(axes: Axes, title: str, curves: Mapping[str, Curve]) -> None:
    for index, (name, curve) in enumerate(curves.items()):
        style = STYLES[index % len(STYLES)]
        axes.plot(list(curve), list(curve.values()), style, markersize=4, label=name)
    axes.set_title(title)
    axes.set_xlabel('iteration')
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    axes.legend(loc='lower right')
