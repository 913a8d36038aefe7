"""A study's recorded runs, variant by variant."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.score_table import ScoreTable, load_score_table

from .paired_difference import PairedDifference, paired_differences
from .provenance import shown_path
from .records import Record, RunRecords, check_same
from .study import Study, Variant

METRICS = 'PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'mIoU', 'iIoU', 'AP'
"""Columns of the tables."""


class Spread(NamedTuple):
    """Mean and sample standard deviation over seeds (NaN for a single one)."""

    mean: float
    deviation: float


class StudyResults:
    """Reads ``runs.jsonl`` and the score tables of a study.

    Args:
        study: The study; runs of labels and seeds that it no longer has are left out.
        out: Its folder.

    Raises:
        ValueError: A run was recorded with another config or other options than the
            study has now.
    """

    def __init__(self, study: Study, out: Path) -> None:
        self.study, self.out = study, out
        records = RunRecords(out / 'runs.jsonl')
        self.runs: dict[str, dict[int, Record]] = {}
        for variant in study.variants:
            found = records.of_label(variant.label)
            self.runs[variant.label] = {s: found[s] for s in study.seeds if s in found}
            for record in self.runs[variant.label].values():
                _check(record, study, variant, records.path)

    @property
    def complete(self) -> list[Variant]:
        """Variants with at least one recorded run."""
        return [v for v in self.study.variants if self.runs[v.label]]

    def missing(self) -> dict[str, list[int]]:
        """Seeds that are not recorded, of each label that lacks one."""
        seeds = {
            label: [seed for seed in self.study.seeds if seed not in runs]
            for label, runs in self.runs.items()
        }
        return {label: absent for label, absent in seeds.items() if absent}

    def all_records(self) -> list[Record]:
        """Every recorded run."""
        return [record for runs in self.runs.values() for record in runs.values()]

    def values(self, label: str, metric: str) -> list[float]:
        """A figure of each seed; empty where it was not measured."""
        runs = self.runs[label].values()
        return [r['metrics'][metric] for r in runs if metric in r['metrics']]

    def spread(self, label: str, metric: str) -> Spread:
        """Mean and standard deviation of a figure over seeds."""
        return spread_of(self.values(label, metric))

    def mean_of(self, label: str, field: str) -> float:
        """Mean of a field of the records over seeds."""
        return spread_of([r[field] for r in self.runs[label].values()]).mean

    def compare(self, first: str, second: str) -> dict[str, PairedDifference]:
        """First minus second, over the seeds that both have; empty without any."""
        seeds = [seed for seed in self.runs[first] if seed in self.runs[second]]
        labels = first, second
        metrics: Mapping = {
            seed: tuple(self.runs[label][seed]['metrics'] for label in labels)
            for seed in seeds
        }
        tables: dict[int, tuple[ScoreTable, ScoreTable]] = {}
        for seed in seeds:
            ours, theirs = (self.scores_file(label, seed) for label in labels)
            if ours.is_file() and theirs.is_file():
                tables[seed] = load_score_table(ours), load_score_table(theirs)
        return paired_differences(metrics, tables)

    def scores_file(self, label: str, seed: int) -> Path:
        """Statistics of each image of a run."""
        variant = next(v for v in self.study.variants if v.label == label)
        return self.out / variant.folder / f'seed{seed}' / 'scores.npz'


def spread_of(values: list[float]) -> Spread:
    """Mean and sample standard deviation; NaN of too few values."""
    nan = float('nan')
    mean = float(np.mean(values)) if values else nan
    return Spread(mean, float(np.std(values, ddof=1)) if len(values) > 1 else nan)


def _check(record: Record, study: Study, variant: Variant, where: Path) -> None:
    options = json.loads(json.dumps(study.options_of(variant)))
    current = dict(config=shown_path(variant.config), options=options)
    check_same(record, current, fields=('config', 'options'), where=where)
