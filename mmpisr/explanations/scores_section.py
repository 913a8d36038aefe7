"""What the reweighting scores know, as a section of the page."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmpisr.evaluation.reweighting import row_names

from . import charts, tables
from .examination import Examination
from .score_summary import (
    Entries,
    ScoreRow,
    area_entries,
    class_confidence_entries,
    class_entries,
    column_rows,
    decider_class_entries,
    decider_slot_entries,
    rank_entries,
    score_row,
    slot_confidence_entries,
    slot_entries,
    slot_means,
    within_columns,
)

SCORES = (
    'A score w of the reweighting (Sec. 3.3) is learned from the final losses alone. '
    'Nothing tells it what is there but the intermediate prediction: by default it '
    'starts at the confidence of the mask. AUROC: the chance that one of what is there '
    'outscores one of what is not. A slot is true if its heatmap, from 0.5 on, has an '
    'IoU of 0.5 with an object that no better slot has taken. The rows in italics are '
    'references: what the confidence of the mask, the share of the intermediate '
    'prediction, and the rank of a slot, tell without w. ECE: expected calibration '
    'error, if w were meant as a chance. Deciders: of what is there, whether what '
    'decides other classes outscores the rest. Means over seeds; 95 % intervals over '
    'images.'
)


def scores_section(examined: Examination, out: Path) -> list[str]:
    """Tables and figures of the scores, as paragraphs.

    Args:
        examined: Of a model with a relation or without.
        out: Folder of the figures.
    """
    observed = examined.observed
    if not all(one.scores for one in observed):
        return ['## Scores', f'{examined.label} has no reweighting scores.']
    names = [*row_names(examined.classes, examined.class_rows)]
    classes = [class_entries(one) for one in observed]
    slots = [slot_entries(one) for one in observed]
    groups = {
        'classes': (classes, 'present', 'absent'),
        'instance slots': (slots, 'matched', 'false positive'),
    }
    rows = [score_row('classes', classes), within_columns(classes, names)]
    rows += [score_row('slots', slots), *_decider_rows(examined)]
    rows += _references(examined)
    return [
        '## Scores',
        SCORES,
        tables.group_table(rows),
        _empty_slots(examined),
        charts.figure_link(charts.draw_scores(groups, out / 'scores')),
        charts.figure_link(charts.draw_calibration(groups, out / 'calibration')),
        *_classes(examined, classes, names),
    ]


def _decider_rows(examined: Examination) -> list[ScoreRow]:
    """Of what is there, does what decides a class have higher scores than the rest."""
    names = [relation['decider'] for relation in examined.relations]
    if not names or examined.class_rows is not None:
        return []
    deciders = [examined.classes.index(name) for name in names]
    groups = {
        'present classes: deciders': decider_class_entries,
        'matched slots: on deciders': decider_slot_entries,
    }
    rows = [
        score_row(title, [make(one, deciders) for one in examined.observed])
        for title, make in groups.items()
    ]
    return [row._replace(error=float('nan')) for row in rows]


def _references(examined: Examination) -> list[ScoreRow]:
    """Rows of what is no score w: only their AUROC says anything."""
    groups = {
        '*slots, by their confidence*': slot_confidence_entries,
        '*slots, by their rank*': rank_entries,
    }
    if examined.class_rows is None:
        groups = {'*classes, by their area*': area_entries, **groups}
    groups = {'*classes, by their confidence*': class_confidence_entries, **groups}
    nan = float('nan')
    rows = [
        score_row(title, [make(one) for one in examined.observed])
        for title, make in groups.items()
    ]
    return [r._replace(mean_positive=nan, mean_negative=nan, error=nan) for r in rows]


def _empty_slots(examined: Examination) -> str:
    shares = [image.filled.mean() for one in examined.observed for image in one.scores]
    return (
        f'Empty slots ({100 * (1 - np.mean(shares)):.1f} % of all) are left out: their '
        'score is zero by construction.'
    )


def _classes(
    examined: Examination, classes: Sequence[Entries], names: Sequence[str]
) -> list[str]:
    """The table of each class, and which are left out."""
    rows, left_out = column_rows(classes, names)
    means = slot_means(examined.observed, len(examined.classes))
    slots = dict(zip(examined.classes, means.tolist(), strict=True))
    parts = ['### Each class', tables.class_table(rows, slots)]
    if left_out:
        reasons = ', '.join(f'{name} ({why})' for name, why in left_out.items())
        parts.append(f'Left out: {reasons}.')
    return parts
