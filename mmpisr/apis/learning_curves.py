"""Panoptic quality over the iterations of a training, from its logs."""

import json
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes

from mmpisr.visualization.figure import new_figure

Curve = dict[int, float]
"""PQ in percent by iteration."""

STYLES = ('o--', 's-')
PANEL_WIDTH, HEIGHT = 340, 340


def read_curve(work_dir: Path, metric: str = 'PQ') -> Curve:
    """Read what was validated, a resumed training's earlier logs included.

    Args:
        work_dir: Of the training.
        metric: Name of the figure, without its evaluator's prefix.

    Returns:
        The metric by iteration; empty where nothing was validated.
    """
    curve: Curve = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            values = [v for name, v in entry.items() if name.endswith(f'/{metric}')]
            if values:
                curve[entry['step']] = values[0]
    return dict(sorted(curve.items()))


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
