"""Train, test and record what the records do not have."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmpisr.apis.commands import run_side_by_side
from mmpisr.apis.run_options import load_config
from mmpisr.apis.trainings import TrainingProgress
from mmpisr.mim import mim_root

from .cost import check_controls
from .identity import data_digest
from .records import RunKey, identify, read_records
from .study import Options, Study, Variant
from .training import Setting, Training


def run_studies(
    studies: Sequence[Study],
    *,
    out: Path,
    records: Path,
    tools: Path | None = None,
    jobs: int | None = None,
    threads: int = 1,
    only: Sequence[str] = (),
    data_root: str | None = None,
    poll_seconds: float = 1.0,
) -> dict[str, BaseException]:
    """Train, test and record every run that ``records`` lacks.

    It can be killed at any point and repeated: recorded runs are left alone, trainings
    go on from their checkpoints. What several studies share is trained once. Seeds come
    before variants, so that an interrupted study has whole rows to compare.

    Args:
        studies: What to run.
        out: Folder of all trainings.
        records: The file that a line is added to for each run.
        tools: Folder of ``train.py`` and ``test.py``; the plugin's own if unset.
        jobs: Trainings at once; as many as ``threads`` fit into the cores if unset.
        threads: CPU threads of each.
        only: Labels to run; all if empty.
        data_root: Replaces the configs'; no part of what is recorded.
        poll_seconds: Time between two looks at the trainings.

    Returns:
        The errors of what failed, by name.

    Raises:
        ValueError: ``only`` names an unknown label, a control does not cost what it
            must, runs are recorded of other data, or another process works in
            ``out``.
        FileNotFoundError: There is no data for what is to be run.
    """
    labels = {variant.label for study in studies for variant in study.variants}
    if unknown := [label for label in only if label not in labels]:
        raise ValueError(f'--only {unknown}: no labels; there are {sorted(labels)}')
    more: Options = {'data_root': data_root} if data_root else {}
    setting = Setting(out, records, tools or mim_root() / 'tools', threads, more)
    for study in studies:
        check_controls(study, more)
    with _alone(out):
        plan = _Plan(setting)
        for study in studies:
            plan.add(study, only)
        trainings = [*plan.trainings.values()]
        return run_side_by_side(
            {training.name: training.run for training in trainings},
            jobs=jobs or max(1, (os.cpu_count() or 1) // threads),
            threads=threads,
            poll_seconds=poll_seconds,
            show=TrainingProgress(
                {training.folder: training.length for training in trainings},
                finished=len(plan.recorded - plan.trainings.keys()),
            ),
        )


class _Plan:
    """What has to be run, each training once.

    Attributes:
        trainings: Those that lack a record, after those that they start from, by name
            and seed.
        recorded: Name and seed of trainings with a record.
    """

    def __init__(self, setting: Setting) -> None:
        self.trainings: dict[tuple[str, int], Training] = {}
        self.recorded: set[tuple[str, int]] = set()
        self._setting = setting
        self._records = read_records(setting.records)

    def add(self, study: Study, only: Sequence[str]) -> None:
        """Add the runs of a study that are not recorded, seeds before variants."""
        places = {v.label: identify(study, v) for v in study.variants}
        wanted = [v for v in study.variants if not only or v.label in only]
        for seed in study.seeds:
            for variant in wanted:
                training, test = places[variant.label]
                if record := self._records.get(RunKey(training, test, seed)):
                    self.recorded.add((training, seed))
                    self._check_data(variant, record)
                    continue
                label = variant.trained_as or variant.label
                task = self._training(study, places, study.find(label), seed)
                task.tests[test] = variant

    def _training(
        self,
        study: Study,
        places: Mapping[str, tuple[str, str]],
        variant: Variant,
        seed: int,
    ) -> Training:
        key = places[variant.label][0], seed
        if key not in self.trainings:
            source = None
            if variant.starts_from:
                start = study.find(variant.starts_from)
                source = self._training(study, places, start, seed)
            self.trainings[key] = Training(variant, *key, self._setting, source)
        return self.trainings[key]

    def _check_data(self, variant: Variant, record: Mapping[str, Any]) -> None:
        try:
            data = data_digest(
                load_config(
                    str(variant.config), options=variant.training | self._setting.more
                )
            )
        except FileNotFoundError:
            return  # a recorded run needs no data
        if data != record['data']:
            raise ValueError(
                f'{self._setting.records}: data: {variant.label!r}, seed '
                f'{record["seed"]} was trained with {record["data"]}, there is now '
                f'{data}; give another --records'
            )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Refuse to work in a folder in which another process works."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / 'lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f'--out {out}: another run.py works there; name all study files in '
                'one call, or give another --out'
            ) from None
        yield
