"""A study's recorded runs, variant by variant."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.score_table import ScoreTable, load_score_table

from .paired_difference import PairedDifference, paired_differences
from .records import Record, RunRecords
from .run_place import place_of
from .study import Study, Variant
from .time_ratios import TimeRatios

METRICS = 'PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'mIoU', 'iIoU', 'AP', 'relation_acc'
"""Columns of the tables, where they are measured."""


class Spread(NamedTuple):
    """Of a figure over seeds.

    Attributes:
        mean: Over the seeds that have it.
        deviation: Sample standard deviation; NaN for a single seed.
        lacking: How many seeds have none, as where nothing was found to measure.
    """

    mean: float
    deviation: float
    lacking: int = 0


class StudyResults:
    """The records and score tables of a study.

    Args:
        study: The study; runs of variants and seeds that it no longer has are left out.
        records: Of all studies.
    """

    def __init__(self, study: Study, records: RunRecords) -> None:
        self.study = study
        self.records = records
        self.times = TimeRatios(records.times_file(study.name))
        self.places = {v.label: place_of(study, v, Path()) for v in study.variants}
        self.runs: dict[str, dict[int, Record]] = {}
        for label, place in self.places.items():
            found = {seed: records.find(place.key(seed)) for seed in study.seeds}
            self.runs[label] = {seed: r for seed, r in found.items() if r is not None}

    @property
    def complete(self) -> list[Variant]:
        """Variants with at least one recorded run."""
        return [v for v in self.study.variants if self.runs[v.label]]

    @property
    def metrics(self) -> list[str]:
        """Those of ``METRICS`` that some run has."""
        runs = self.all_records()
        return [m for m in METRICS if any(m in r['metrics'] for r in runs)]

    def missing(self) -> dict[str, list[int]]:
        """Seeds that are not recorded, of each label that lacks one."""
        seeds = {
            label: [seed for seed in self.study.seeds if seed not in runs]
            for label, runs in self.runs.items()
        }
        return {label: absent for label, absent in seeds.items() if absent}

    def missing_count(self) -> str:
        """``2 runs are missing``; empty where none is."""
        count = sum(map(len, self.missing().values()))
        runs = '1 run is' if count == 1 else f'{count} runs are'
        return f'{runs} missing' if count else ''

    def all_records(self) -> list[Record]:
        """Every recorded run."""
        return [record for runs in self.runs.values() for record in runs.values()]

    def distinct(self, *fields: str) -> str:
        """What the records have in some fields, each combination once."""
        records = self.all_records()
        found = {', '.join(str(r.get(f)) for f in fields) for r in records}
        return '; '.join(sorted(found))

    def commits(self) -> str:
        """Of the code that trained."""
        changed = {True: ' with changes', False: '', None: ''}
        records = self.all_records()
        found = {f'{str(r["commit"])[:10]}{changed[r["dirty"]]}' for r in records}
        return '; '.join(sorted(found))

    def values(self, label: str, metric: str) -> list[float]:
        """A figure of each seed; empty where it was not measured."""
        runs = self.runs[label].values()
        found = [r['metrics'].get(metric) for r in runs]
        return [value for value in found if value is not None and not isnan(value)]

    def spread(self, label: str, metric: str) -> Spread:
        """Mean and standard deviation of a figure over seeds."""
        values = self.values(label, metric)
        lacking = len(self.runs[label]) - len(values)
        return spread_of(values)._replace(lacking=lacking)

    def mean_of(self, label: str, field: str) -> float:
        """Mean of a field of the records over seeds."""
        return spread_of([r[field] for r in self.runs[label].values()]).mean

    def time_ratio(self, label: str, field: str) -> float | None:
        """``predict_time`` or ``train_time``, in times of the base's."""
        place = self.places[label]
        return self.times.find(place.training, place.test, field)

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
        return self.records.scores_file(self.places[label].key(seed))

    def curves(self, label: str, metric: str) -> dict[int, dict[int, float]]:
        """A validated figure by iteration, by seed; seeds without it are left out."""
        found = {s: r['curves'].get(metric) for s, r in self.runs[label].items()}
        return {
            seed: {int(step): value for step, value in curve.items()}
            for seed, curve in found.items()
            if curve
        }


def spread_of(values: list[float]) -> Spread:
    """Mean and sample standard deviation; NaN of too few values."""
    nan = float('nan')
    mean = float(np.mean(values)) if values else nan
    return Spread(mean, float(np.std(values, ddof=1)) if len(values) > 1 else nan)
