"""Chart of the reweighting scores of present and absent classes and objects."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from mmpisr.evaluation.reweighting import ReweightingScores, SplitScores

from .panel_grid import new_figure, to_pixels

TRUE_COLOUR, FALSE_COLOUR = '#1b7837', '#c51b7d'
CLASS_ROW = 22
MIN_HEIGHT = 500
WIDTH = 1200
CAPTION = """Classes: mean score in images that show the class, and in the others. \
Those whose presence changes their score most come first.
Instances: mean score of the slots of each rank that match a true object, and of the \
others.
AUROC 1: the score separates both groups; 0.5: it says nothing."""
CAPTION_HEIGHT = 80


def reweighting_chart(
    scores: ReweightingScores, class_names: Sequence[str]
) -> np.ndarray:
    """Draw the mean scores per class and per instance rank.

    Args:
        scores: Sums over a validation set; classes or ranks without any are left blank.
        class_names: Names of the N classes.

    Returns:
        RGB uint8, ``(H, 1200, 3)``; higher for more classes.
    """
    height = max(MIN_HEIGHT, CLASS_ROW * len(class_names) + 140)
    figure = new_figure(WIDTH, height)
    left, right = figure.subplots(1, 2)
    _draw_classes(left, scores.classes, class_names)
    _draw_ranks(right, scores.slots)
    figure.suptitle('Reweighting scores', fontsize=15)
    figure.text(0.02, 0.015, CAPTION, fontsize=11)
    figure.tight_layout(rect=(0, CAPTION_HEIGHT / height, 1, 1))
    return to_pixels(figure)


def _draw_classes(axes: Axes, scores: SplitScores, class_names: Sequence[str]) -> None:
    """A row per class, from the mean where it is absent to where it is present."""
    absent, present = scores.means()
    order = np.argsort(absent - present)  # NaN last
    absent, present = absent[order], present[order]
    class_names = [class_names[index] for index in order]
    rows = np.arange(len(class_names))
    axes.hlines(rows, absent, present, color='0.75', linewidth=3, zorder=1)
    axes.scatter(present, rows, color=TRUE_COLOUR, s=45, label='present', zorder=2)
    axes.scatter(
        absent, rows, color=FALSE_COLOUR, s=45, marker='X', label='absent', zorder=2
    )
    axes.set_yticks(rows, class_names)
    axes.set_ylim(len(class_names) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel('mean score')
    _finish(axes, 'Classes', scores, ('absent', 'present'))


def _draw_ranks(axes: Axes, scores: SplitScores) -> None:
    """Mean score over the rank of a slot."""
    ranks = np.arange(1, scores.sums.shape[1] + 1)
    false, true = scores.means()
    axes.plot(ranks, true, 'o-', color=TRUE_COLOUR, markersize=5, label='matched')
    axes.plot(
        ranks, false, 'X-', color=FALSE_COLOUR, markersize=5, label='false positive'
    )
    axes.set_xlabel('rank of the instance slot')
    axes.set_ylabel('mean score')
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(0.5, len(ranks) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes, 'Instances', scores, ('false positive', 'matched'))


def _finish(
    axes: Axes, title: str, scores: SplitScores, groups: tuple[str, str]
) -> None:
    """Grid, legend, and a title with the overall means and the AUROC."""
    means = zip(groups[::-1], scores.overall()[::-1], strict=True)
    parts = [f'{name} {mean:.2f}' for name, mean in means]
    axes.set_title(f'{title}: {", ".join(parts)}, AUROC {scores.auroc():.2f}')
    axes.grid(alpha=0.3)
    axes.legend(loc='best', framealpha=0.9)
    axes.spines[['top', 'right']].set_visible(False)
