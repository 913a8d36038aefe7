"""One run of a study: trained, tested, recorded, each once."""

import fcntl
import json
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Any, NamedTuple

from mmengine.config import Config

from mmpisr.apis.option_flags import to_flags
from mmpisr.apis.trained_model import TrainedModel
from mmpisr.apis.training_log import metric_name
from mmpisr.files import write_atomically
from mmpisr.processes.process_queue import Step

from .data_digest import data_digest
from .provenance import code_version, machine, shown_path
from .run_place import (
    RunKey,
    RunPlace,
    evaluation_config,
    evaluation_options,
    training_config,
    training_options,
)
from .study import Options, Study, Variant


class Scripts(NamedTuple):
    """What a run calls."""

    train: Path
    test: Path


class StudyRun:
    """A variant with a seed, and how far it is, which its folders say.

    ``run.json`` (what it was started with) and ``trained.json`` are written in this
    order into the training's folder, ``scores.npz`` and ``tested.json`` (the metrics)
    into the test's; whole or not at all. Several runs may have one training.

    Args:
        study: The study.
        variant: One of its variants.
        seed: One of its seeds.
        place: Folders of the variant.
        scripts: ``tools/train.py`` and ``tools/test.py``.
        data_root: Replaces the configs'.
        threads: CPU threads of each process.
        record: Is called with the run when it is complete.
        source: The run whose trained model this one's training loads. It is trained
            first where that has not been done.
    """

    def __init__(
        self,
        study: Study,
        variant: Variant,
        seed: int,
        *,
        place: RunPlace,
        scripts: Scripts,
        data_root: str | None = None,
        threads: int = 1,
        record: Callable[['StudyRun'], None],
        source: 'StudyRun | None' = None,
    ) -> None:
        self.study, self.variant, self.seed = study, variant, seed
        self.place = place
        self.name = f'{variant.label}, seed {seed}'
        self.folder = place.folder(seed)
        self.test_folder = place.test_folder(seed)
        self.scripts = scripts
        self.threads = threads
        self.record = record
        self.source = source
        self._own: dict[str, Any] = {'randomness.seed': seed}
        if data_root:
            self._own['data_root'] = data_root
        self._lock: IO | None = None

    @property
    def key(self) -> RunKey:
        """What a record knows it by."""
        return self.place.key(self.seed)

    @property
    def scores_file(self) -> Path:
        """Statistics of each image, which its test has left."""
        return self.test_folder / 'scores.npz'

    def training_config(self) -> Config:
        """The config of its training, with all options."""
        return training_config(self.study, self.variant, self._own)

    def evaluation_config(self) -> Config:
        """The config of its test, with all options."""
        return evaluation_config(self.study, self.variant, self._own)

    @property
    def checkpoint(self) -> Path:
        """The last one of its training."""
        return TrainedModel(self.name, Path(), self.folder).checkpoint

    @property
    def trained(self) -> bool:
        """Whether its training is complete."""
        return (self.folder / 'trained.json').is_file()

    @property
    def _untrained_source(self) -> 'StudyRun | None':
        return self.source if self.source and not self.source.trained else None

    def acquire(self) -> bool:
        """Take hold of the training's folder, and of the source's as long as needed.

        Returns:
            False: another run has one of them.
        """
        source = self._untrained_source
        if source and not source.acquire():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / 'lock').open('w')
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
        return self._lock is not None

    def release(self) -> None:
        """Let go of what it holds."""
        if self.source is not None:
            self.source.release()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def next_step(self) -> Step | None:
        """Train, the source first, then test; then record and end."""
        if source := self._untrained_source:
            return source.next_step()
        if not self.trained:
            self._begin()
            options = training_options(self.study, self.variant)
            if self.source:
                options['load_from'] = str(self.source.checkpoint)
            return self._step('train', self.folder, ['--resume'], options)
        if not (self.test_folder / 'tested.json').is_file():
            options = evaluation_options(self.study, self.variant)
            options['test_evaluator.scores_file'] = str(self.scores_file)
            return self._step('test', self.test_folder, [str(self.checkpoint)], options)
        self.record(self)
        return None

    def step_done(self, step: Step, peak_memory_mib: float) -> None:
        """Leave the marker of a step."""
        if source := self._untrained_source:
            source.step_done(step, peak_memory_mib)
            source.release()
        elif step.name == 'train':
            self._keep_last_checkpoint()
            memory = round(peak_memory_mib, 1)
            trained = dict(peak_memory_mib=memory, date=date.today().isoformat())
            _write(self.folder / 'trained.json', trained)
        else:
            tested = dict(metrics=read_metrics(self.test_folder))
            _write(self.test_folder / 'tested.json', tested)

    def read(self) -> dict[str, Any]:
        """Content of ``run.json``, ``trained.json`` and ``tested.json`` together."""
        paths = [self.folder / f'{name}.json' for name in ('run', 'trained')]
        paths.append(self.test_folder / 'tested.json')
        return {k: v for path in paths for k, v in json.loads(path.read_text()).items()}

    def _begin(self) -> None:
        """Remember what it is started with.

        Raises:
            ValueError: It was started with other data.
        """
        path = self.folder / 'run.json'
        data = data_digest(self.training_config())
        if path.is_file():
            started = json.loads(path.read_text())['data']
            if started != data:
                raise ValueError(
                    f'{path}: data: the training was started with {started}, there is '
                    f'now {data}; give another --out'
                )
            return
        _write(
            path,
            dict(
                config=shown_path(self.variant.config),
                options=training_options(self.study, self.variant),
                data=data,
                threads=self.threads,
                **code_version(),
                **machine(),
            ),
        )

    def _step(
        self, name: str, work_dir: Path, arguments: list[str], options: Options
    ) -> Step:
        script = str(getattr(self.scripts, name))
        command = [sys.executable, script, str(self.variant.config), *arguments]
        command += ['--work-dir', str(work_dir)]
        command += ['--cfg-options', *to_flags({**options, **self._own})]
        return Step(name, command, work_dir / f'{name}.log')

    def _keep_last_checkpoint(self) -> None:
        last = self.checkpoint.name
        for path in self.folder.glob('iter_*.pth'):
            if path.name != last:
                path.unlink()


def read_metrics(work_dir: Path) -> dict[str, float]:
    """Every figure of the newest test in a work dir, without the evaluator's prefix.

    Raises:
        FileNotFoundError: No test has left any.
    """
    found = sorted(work_dir.glob('*/*.json'))
    if not found:
        raise FileNotFoundError(f'{work_dir} has no json of a test')
    content = json.loads(found[-1].read_text())
    return {
        metric_name(key): value
        for key, value in content.items()
        if '/' in key and isinstance(value, float | int)
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(content) + '\n')
