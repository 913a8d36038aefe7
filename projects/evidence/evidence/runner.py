"""Train, test and record what the records do not have."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmpisr.apis.commands import run_side_by_side
from mmpisr.apis.training_progress import TrainingProgress
from mmpisr.mim import mim_root

from .identity import data_digest
from .options import training_config
from .records import RunKey, identify, read_records
from .study import Options, Study, Variant
from .training import Training


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
        ValueError: ``only`` names an unknown label, runs are recorded of other data, or
            another process works in ``out``.
        FileNotFoundError: There is no data for what is to be run.
    """
    labels = {variant.label for study in studies for variant in study.variants}
    if unknown := [label for label in only if label not in labels]:
        raise ValueError(f'--only {unknown}: no labels; there are {sorted(labels)}')
    more: Options = {'data_root': data_root} if data_root else {}
    with _alone(out):
        plan = _Plan(out, records, more)
        for study in studies:
            for seed in study.seeds:
                for variant in study.variants:
                    if not only or variant.label in only:
                        plan.add(study, variant, seed)
        tools, trainings = tools or mim_root() / 'tools', plan.trainings()
        for training in trainings:
            training.prepare(tools, threads)
        return run_side_by_side(
            {training.name: training.run for training in trainings},
            jobs=jobs or max(1, (os.cpu_count() or 1) // threads),
            threads=threads,
            poll_seconds=poll_seconds,
            show=TrainingProgress(
                {training.folder: training.length for training in trainings},
                finished=plan.finished,
            ),
        )


class _Plan:
    """What has to be run, each training once.

    Attributes:
        finished: How many trainings are recorded with all their tests.
    """

    def __init__(self, out: Path, records: Path, more: Options) -> None:
        self.out, self.records, self.more = out, records, more
        self._recorded = read_records(records)
        self._identities: dict[tuple[Path, str], tuple[str, str]] = {}
        self._all: dict[tuple[str, int], Training] = {}

    @property
    def finished(self) -> int:
        return len(self._all) - len(self.trainings())

    def trainings(self) -> list[Training]:
        """Those that lack a record, after those that they start from."""
        needed = [t for t in self._all.values() if t.tests]
        sources = {id(t.source) for t in needed if t.source}
        return [t for t in self._all.values() if t.tests or id(t) in sources]

    def add(self, study: Study, variant: Variant, seed: int) -> None:
        """Add a run, as a test of its training, unless it is recorded."""
        training, test = self._identify(study, variant)
        trained = study.find(variant.trained_as) if variant.trained_as else variant
        task = self._training(study, trained, seed)
        record = self._recorded.get(RunKey(training, test, seed))
        if record is None:
            task.tests[test] = variant
        else:
            self._check_data(variant, record)

    def _training(self, study: Study, variant: Variant, seed: int) -> Training:
        training, _ = self._identify(study, variant)
        if (training, seed) not in self._all:
            source = None
            if variant.starts_from:
                start = study.find(variant.starts_from)
                source = self._training(study, start, seed)
            self._all[training, seed] = Training(
                *(variant, seed, training),
                out=self.out,
                records=self.records,
                more=self.more,
                source=source,
            )
        return self._all[training, seed]

    def _identify(self, study: Study, variant: Variant) -> tuple[str, str]:
        key = study.path, variant.label
        if key not in self._identities:
            self._identities[key] = identify(study, variant)
        return self._identities[key]

    def _check_data(self, variant: Variant, record: dict[str, Any]) -> None:
        try:
            data = data_digest(training_config(variant, self.more))
        except FileNotFoundError:
            return  # a recorded run needs no data
        if data != record['data']:
            raise ValueError(
                f'{self.records}: data: {variant.label!r}, seed {record["seed"]} was '
                f'trained with {record["data"]}, there is now {data}; give another '
                '--records'
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
