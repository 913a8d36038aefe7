"""The page that explains a model: tables and figures in one folder."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from mmpisr.evaluation.reweighting import row_names
from mmpisr.files import write_atomically
from mmpisr.studies.provenance import code_version, machine, shown_path

from . import charts, tables
from .examination import Examination
from .relation_cases import SEEN_SHARE
from .score_summary import (
    area_entries,
    class_entries,
    column_rows,
    decider_class_entries,
    decider_slot_entries,
    rank_entries,
    score_row,
    slot_entries,
    slot_means,
    within_columns,
)

SCORES = (
    'A score w of the reweighting (Sec. 3.3) is learned from the final losses alone; '
    'nothing tells it what is there. AUROC: the chance that one of what is there '
    'outscores one of what is not. A slot is true if its heatmap, from 0.5 on, has an '
    'IoU of 0.5 with an object that no better slot has taken. The rows in italics are '
    'references: what the share of the intermediate prediction, and the rank of a '
    'slot, tell without w. ECE: expected calibration error, if w were meant as a '
    'chance. Last rows: of what is there, whether what decides other classes outscores '
    'the rest. Means over seeds; 95 % intervals over images.'
)
SWAP = (
    'The encodings that the attention reads (after reweighting, with which slots are '
    'empty) are replaced by those of another image of the test set (a fixed random '
    'cycle) or by zeros. Features, intermediate predictions and weights stay. First '
    'row: values; others: difference to it, with 95 % intervals over seeds and images '
    '(bold: excludes zero).'
)
DONORS = (
    'Accuracy on the two classes that a decider tells apart, by whether the other '
    'image agrees with the own one about the decider. Encodings that carry it give '
    'right answers where the donor agrees, and wrong ones where it differs.'
)
CASES = (
    'Share of the pixels given the right one of the two classes, among those given '
    'one of the two. The first stage (the only one, of a model without a relation) '
    f'has found a class that wins at least {100 * SEEN_SHARE:g} % of the pixels. '
    'Means over seeds; cases without an image are left out.'
)
FLIPS = (
    'Each test scene is drawn twice, with the decider and without; no other pixel '
    'changes. Flip rate: of the objects found in both, those whose predicted class '
    'follows, percent, with a 95 % interval over images.'
)


def write_explanation(
    examined: Examination, base: Examination | None, *, out: Path, command: str
) -> Path:
    """Write ``README.md`` and the figures.

    Args:
        examined: Of the model that is explained.
        base: Of a model without its relation, on the same images.
        out: Folder of the page.
        command: That makes it.

    Returns:
        The page.

    Raises:
        ValueError: The two are of different images.
    """
    both = [one for one in (base, examined) if one is not None]
    _check_images(both)
    parts = [f'# Why it works: {examined.label}', _origin(both, command)]
    parts += _scores(examined, out)
    parts += _swaps(examined, out)
    parts += _relations(both, out)
    page = out / 'README.md'
    write_atomically(page, '\n\n'.join(parts) + '\n')
    return page


def _origin(both: Sequence[Examination], command: str) -> str:
    """Command, models, date, commit and machine."""
    code, device = code_version(), machine()
    changed = ' with changes' if code['dirty'] else ''
    lines = [f'- commit {code["commit"]}{changed}, {date.today().isoformat()}']
    lines.append(
        f'- machine: {device["machine"]}, {device["cores"]} cores, GPU '
        f'{device["gpu"]}; torch {device["torch"]}'
    )
    images = len(both[0].observed[0].table.image_ids)
    lines.append(f'- {images} test images')
    for one in both:
        files = ', '.join(f'`{shown_path(path)}`' for path in one.trained.checkpoints)
        config = shown_path(one.trained.config)
        lines.append(f'- {one.label}: `{config}`, checkpoints {files}')
    return f'```bash\n{command}\n```\n\n' + '\n'.join(lines)


def _scores(examined: Examination, out: Path) -> list[str]:
    """What the reweighting scores know."""
    observed = examined.observed
    if not all(one.scores for one in observed):
        return ['## Scores', f'{examined.label} has no reweighting scores.']
    names = [*row_names(examined.classes, examined.class_rows)]
    classes = [class_entries(one) for one in observed]
    slots = [slot_entries(one) for one in observed]
    rows = [score_row('classes', classes), within_columns(classes, names)]
    if examined.class_rows is None:
        areas = [area_entries(one) for one in observed]
        rows.append(_reference('*classes, by their area*', areas))
    rows.append(score_row('slots', slots))
    ranks = [rank_entries(one) for one in observed]
    rows.append(_reference('*slots, by their rank*', ranks))
    rows += _decider_rows(examined)

    groups = {
        'classes': (classes, 'present', 'absent'),
        'instance slots': (slots, 'matched', 'false positive'),
    }
    of_classes, left_out = column_rows(classes, names)
    filled = np.mean([[scores.filled.mean() for scores in o.scores] for o in observed])
    parts = ['## Scores', SCORES, tables.group_table(rows)]
    parts.append(
        f'Empty slots ({100 * (1 - filled):.1f} % of all) are left out: their score is '
        'zero by construction.'
    )
    parts.append(_figures(charts.draw_scores(groups, out / 'scores')))
    parts.append(_figures(charts.draw_calibration(groups, out / 'calibration')))
    slot_scores = slot_means(observed, len(examined.classes))
    by_name = dict(zip(examined.classes, slot_scores, strict=True))
    parts += ['### Each class', tables.class_table(of_classes, by_name)]
    if left_out:
        parts.append(f'Left out: {tables.mapping_text(left_out)}.')
    return parts


def _decider_rows(examined: Examination) -> list[tables.ScoreRow]:
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


def _reference(name: str, entries: list) -> tables.ScoreRow:
    """A row of something that is no score w: only its AUROC says anything."""
    nan = float('nan')
    row = score_row(name, entries)
    return row._replace(mean_positive=nan, mean_negative=nan, error=nan)


def _swaps(examined: Examination, out: Path) -> list[str]:
    """What breaks with other encodings."""
    if not examined.swaps:
        return ['## Swapped encodings', f'{examined.label} has no encodings.']
    values = {
        metric: {
            name: tables.condition_values(examined, name)[metric]
            for name in tables.conditions(examined)
        }
        for metric in ('PQ', 'relation_acc')
        if metric == 'PQ' or examined.relations
    }
    parts = ['## Swapped encodings', SWAP, tables.swap_table(examined)]
    parts.append(_figures(charts.draw_conditions(values, out / 'swap')))
    if examined.relations:
        parts += ['### Whom the classes follow', DONORS, tables.donor_table(examined)]
    parts.append('### PQ of each class')
    parts.append(tables.class_quality_table(examined))
    return parts


def _relations(both: Sequence[Examination], out: Path) -> list[str]:
    """Accuracy on the classes that only a relation tells apart."""
    relations = both[0].relations
    title = '## Classes that only a relation tells apart'
    if not relations:
        return [title, 'This data has none.']
    counts = {
        f'{relation["present"]} or {relation["absent"]}, by {relation["decider"]}': {
            one.label: tables.flip_counts(one, index) for one in both
        }
        for index, relation in enumerate(relations)
    }
    parts = [title, '### The decider drawn and taken away', FLIPS]
    parts.append(tables.flip_table(both))
    parts.append(_figures(charts.draw_outcomes(counts, out / 'flips')))
    parts += ['### Found or missed by the first stage', CASES, tables.case_table(both)]
    return parts


def _check_images(both: Sequence[Examination]) -> None:
    ids = [[*seed.table.image_ids] for one in both for seed in one.observed]
    for other in ids[1:]:
        if other != ids[0]:
            raise ValueError(
                f'models were given different images: {len(ids[0])} beginning with '
                f'{ids[0][:3]}, and {len(other)} beginning with {other[:3]}'
            )


def _figures(paths: list[Path]) -> str:
    svg = paths[0]
    return f'![{svg.stem}]({svg.name})'
