"""How reliably and how early relations are learned, and figures over iterations."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib.axes import Axes

from mmpisr.apis.training_log import Curve
from mmpisr.visualization.figure import new_figure

from .plots import save
from .results import StudyResults
from .study import Variant
from .tables import table

LEARNED = 75
"""Percent of a balanced choice of two from which on a relation counts as learned."""
RELATION = 'relation_acc_'
CURVES = 'PQ', 'relation_acc'
COLUMNS = 4


def trained_variants(results: StudyResults) -> list[Variant]:
    """Variants with trainings of their own."""
    return [variant for variant in results.complete if not variant.trained_as]


def learned_table(results: StudyResults) -> str:
    """In how many seeds each relation is learned, and when; empty without relations."""
    keys = relation_keys(results)
    if not keys:
        return ''
    rows = [
        [
            variant.label,
            str(len(results.runs[variant.label])),
            *(learned_text(results.curves(variant.label, key)) for key in keys),
        ]
        for variant in trained_variants(results)
    ]
    return table(['variant', 'seeds', *(key[len(RELATION) :] for key in keys)], rows)


def learned_count(results: StudyResults, label: str) -> str:
    """``14/15``: relations learned, of all seeds together; empty without curves."""
    found = [results.curves(label, key) for key in relation_keys(results)]
    curves = [curve for by_seed in found for curve in by_seed.values()]
    return f'{sum(map(is_learned, curves))}/{len(curves)}' if curves else ''


def relation_keys(results: StudyResults) -> list[str]:
    """Figures of single relations that some training validated."""
    records = results.all_records()
    return sorted({k for r in records for k in r['curves'] if k.startswith(RELATION)})


def is_learned(curve: Curve) -> bool:
    """Whether a relation is told apart where the training ends."""
    return curve[max(curve)] > LEARNED


def learned_text(curves: Mapping[int, Curve]) -> str:
    """``2/3, 450``: seeds that end above ``LEARNED``, and when they first were.

    Args:
        curves: Accuracy in percent by iteration, by seed.

    Returns:
        The iteration is the median over the seeds that learned it; ``-`` without
        curves.
    """
    if not curves:
        return '-'
    first = [
        min(step for step, value in curve.items() if value > LEARNED)
        for curve in curves.values()
        if is_learned(curve)
    ]
    counted = f'{len(first)}/{len(curves)}'
    return f'{counted}, {median(first):.0f}' if first else counted


def draw_learning(results: StudyResults, metric: str, path: Path) -> list[Path]:
    """A panel a variant: mean over seeds, their range shaded, the base dashed.

    Returns:
        The files; none where no validation logged the metric.
    """
    labels = [variant.label for variant in trained_variants(results)]
    found = {label: results.curves(label, metric) for label in labels}
    curves = {label: by_seed for label, by_seed in found.items() if by_seed}
    if not curves:
        return []
    rows = ceil(len(curves) / COLUMNS)
    figure = new_figure(80 + 280 * min(len(curves), COLUMNS), 80 + 240 * rows)
    all_axes = figure.subplots(
        rows, min(len(curves), COLUMNS), sharex=True, sharey=True, squeeze=False
    )
    for axes in all_axes.flat[len(curves) :]:
        axes.set_axis_off()
    base = results.study.base.label
    for axes, (label, by_seed) in zip(all_axes.flat, curves.items(), strict=False):
        if base in curves and label != base:
            steps, values = common_steps(curves[base])
            axes.plot(steps, values.mean(0), '--', color='0.5', linewidth=1, label=base)
        _draw_panel(axes, label, by_seed)
    for axes in all_axes[:, 0]:
        axes.set_ylabel(metric)
    figure.suptitle(f'{results.study.title}: mean and range over seeds')
    return save(figure, path)


def common_steps(curves: Mapping[int, Curve]) -> tuple[list[int], np.ndarray]:
    """Iterations that all seeds validated, and the values there, ``(S, T)``."""
    steps = sorted(set.intersection(*(set(curve) for curve in curves.values())))
    return steps, np.array([[c[step] for step in steps] for c in curves.values()])


def _draw_panel(axes: Axes, label: str, by_seed: Mapping[int, Curve]) -> None:
    steps, values = common_steps(by_seed)  # (S, T)
    axes.fill_between(steps, values.min(0), values.max(0), color='0.8', linewidth=0)
    axes.plot(steps, values.mean(0), 'o-', color='0.1', markersize=3)
    axes.set_title(label, fontsize=9)
    axes.set_xlabel('iteration')
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc='best')
