"""Markdown tables that explain a model."""

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np

from mmpisr.evaluation.panoptic_quality import panoptic_quality
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.studies.paired_difference import PairedDifference, differences_by_tables
from mmpisr.studies.tables import difference_text, table

from .counterfactual import OUTCOMES, flip_rate
from .examination import Examination
from .relation_cases import donor_accuracies, relation_cases
from .score_summary import ScoreRow
from .seed_means import SeedMean, seed_mean
from .swap_test import PARTS, UNCHANGED

METRICS = 'PQ', 'PQ_th', 'PQ_st', 'mIoU', 'relation_acc'


def group_table(rows: Sequence[ScoreRow]) -> str:
    """AUROC of each group, with each model's."""
    cells = [
        [
            row.name,
            _count(row.positives),
            _count(row.negatives),
            number(row.mean_positive),
            number(row.mean_negative),
            _with_interval(row),
            ', '.join(number(value) for value in row.of_seeds),
            number(row.error),
        ]
        for row in rows
    ]
    header = ('scores', 'true', 'false', 'mean w, true', 'mean w, false')
    return table([*header, 'AUROC', 'of each seed', 'ECE'], cells)


def class_table(rows: Sequence[ScoreRow], slots: Mapping[str, float]) -> str:
    """The same for each class, with the mean score of the slots on its objects."""
    cells = [
        [
            row.name,
            _count(row.positives),
            number(row.mean_positive),
            number(row.mean_negative),
            number(slots.get(row.name, float('nan'))),
            _with_interval(row),
            number(row.error),
        ]
        for row in rows
    ]
    header = ('class', 'images with it', 'mean w, present', 'mean w, absent')
    return table([*header, 'mean w, its slots', 'AUROC', 'ECE'], cells)


def swap_table(examined: Examination) -> str:
    """Values of the unchanged model, then the difference that each change makes."""
    found = {name: condition_values(examined, name) for name in conditions(examined)}
    metrics = [name for name in METRICS if name in found[UNCHANGED]]
    first = [f'{np.mean(found[UNCHANGED][metric]):.2f}' for metric in metrics]
    rows = [[UNCHANGED, *first]]
    for name in [*found][1:]:
        differences = swap_differences(examined, name)
        cells = [difference_text(differences[metric]) for metric in metrics]
        rows.append([name, *cells])
    return table(['encodings', *metrics], rows)


def known_table(examined: Sequence[Examination]) -> str:
    """Values as they are, then what knowing the classes adds, two rows a model."""
    rows = []
    for one in examined:
        plain = [seed.table for seed in one.observed]
        values = table_values(plain)
        pairs = zip(one.known, plain, strict=True)
        found = differences_by_tables([*pairs])
        metrics = [name for name in METRICS if name in values]
        rows.append([one.label, *(f'{np.mean(values[m]):.2f}' for m in metrics)])
        rows.append(['classes known', *(difference_text(found[m]) for m in metrics)])
    return table(['model', *metrics], rows)


def swap_differences(examined: Examination, name: str) -> dict[str, PairedDifference]:
    """What a condition adds to the unchanged model, by metric."""
    return differences_by_tables(
        [(swap.tables[name], swap.tables[UNCHANGED]) for swap in examined.swaps]
    )


def conditions(examined: Examination) -> list[str]:
    """Names of the swap test's conditions, ``'unchanged'`` first."""
    return [*examined.swaps[0].tables]


def condition_values(examined: Examination, name: str) -> dict[str, list[float]]:
    """Figures of each model under a condition, percent, by metric."""
    return table_values([swap.tables[name] for swap in examined.swaps])


def table_values(tables: Sequence[ScoreTable]) -> dict[str, list[float]]:
    """Figures of each model's statistics, percent, by metric."""
    values: dict[str, list[float]] = {}
    for scored in tables:
        for key, measure in scored.measures().items():
            total = scored.records[key].sum(axis=0)
            for metric, value in measure.values(total).items():
                values.setdefault(metric, []).append(float(value))
    return values


def class_quality_table(examined: Examination) -> str:
    """PQ of each class, means over models; what suffers most first."""
    names = [UNCHANGED, *(f'{part} swapped' for part in PARTS), 'all zero']
    qualities = np.stack([_class_quality(examined, name) for name in names], axis=1)
    categories = examined.swaps[0].tables[UNCHANGED].categories
    order = np.argsort(qualities[:, 1] - qualities[:, 0], kind='stable')
    rows = [
        [
            categories[row]['name'],
            *(number(value, 1) for value in qualities[row]),
            number(qualities[row, 1] - qualities[row, 0], 1),
        ]
        for row in order
        if not isnan(qualities[row, 0])
    ]
    return table(['class', *names, 'all swapped, difference'], rows)


def donor_table(examined: Examination) -> str:
    """Accuracy by whether the other image agrees about the decider."""
    rows = []
    for index, relation in enumerate(examined.relations):
        there = examined.decider_there(index)
        differs = there != there[examined.swaps[0].donors]
        for part in PARTS:
            records = [
                swap.tables[f'{part} swapped'].records['relation'][:, index]
                for swap in examined.swaps
            ]
            means = donor_accuracies(records, differs)
            cells = [percent(mean) for mean in means]
            rows.append([relation['decider'], f'{part} swapped', *cells])
    return table(['decider', 'encodings', 'donor agrees', 'donor differs'], rows)


def case_table(examined: Sequence[Examination]) -> str:
    """Accuracy by truth and first stage, a row a model and case."""
    rows = []
    for index, relation in enumerate(examined[0].relations):
        for one in examined:
            for case in relation_cases(
                one.observed, relation, index=index, classes=one.classes
            ):
                if not case.images:
                    continue
                there = 'there' if case.there else 'not there'
                seen = 'found' if case.seen else 'not found'
                cells = [f'{case.images:.1f}', percent(case.accuracy)]
                rows.append([relation['decider'], one.label, there, seen, *cells])
    header = ('decider', 'model', 'truth', 'first stage', 'images', 'accuracy')
    return table(header, rows)


def flip_table(examined: Sequence[Examination]) -> str:
    """Rate of flips, then the outcomes, a row a model and relation."""
    rows = []
    for index, relation in enumerate(examined[0].relations):
        for one in examined:
            counts = flip_counts(one, index)
            rate = seed_mean([flips[:, index] for flips in one.flips], flip_rate)
            shares = 100 * counts / max(counts.sum(), 1)
            cells = [percent(rate), *(f'{share:.1f}' for share in shares)]
            name = f'{relation["decider"]}: {relation["present"]}, {relation["absent"]}'
            rows.append([name, one.label, f'{counts.sum():.0f}', *cells])
    return table(['relation', 'model', 'objects', 'flip rate', *OUTCOMES], rows)


def flip_counts(examined: Examination, relation: int) -> np.ndarray:
    """Objects by outcome, mean over models, ``(5,)``."""
    return np.mean([flips[:, relation].sum(axis=0) for flips in examined.flips], axis=0)


def number(value: float, digits: int = 2) -> str:
    """Fixed digits; ``-`` for NaN."""
    return '-' if isnan(value) else f'{value:.{digits}f}'


def percent(mean: SeedMean) -> str:
    """``mean [low, high]``; ``-`` for NaN."""
    if isnan(mean.mean):
        return '-'
    return f'{mean.mean:.1f} [{mean.interval.low:.1f}, {mean.interval.high:.1f}]'


def _class_quality(examined: Examination, name: str) -> np.ndarray:
    """PQ of each category in percent, mean over models, ``(C,)``."""
    totals = [swap.tables[name].records['pq'].sum(axis=0) for swap in examined.swaps]
    return 100 * np.mean([panoptic_quality(total)[:, 0] for total in totals], axis=0)


def _with_interval(row: ScoreRow) -> str:
    if isnan(row.auroc):
        return '-'
    low, high = row.interval
    return f'{row.auroc:.3f} [{low:.3f}, {high:.3f}]'


def _count(value: float) -> str:
    return '-' if isnan(value) else f'{value:.0f}'
