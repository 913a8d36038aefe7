"""One training of a study, and the tests of its model."""

import json
import sys
from datetime import date
from pathlib import Path
from statistics import median
from threading import Event, Lock
from typing import Any

from mmpisr.apis.commands import Commands
from mmpisr.apis.option_flags import to_flags
from mmpisr.apis.provenance import code_version, machine, shown_path
from mmpisr.apis.trained_model import TrainedModel
from mmpisr.apis.training_log import log_entries, training_logs
from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

from .cost import model_cost
from .identity import data_digest
from .options import (
    evaluation_config,
    evaluation_options,
    training_config,
    training_options,
)
from .records import RunKey
from .study import Options, Variant

RECORDING = Lock()
"""Held while a model is built to be counted and a line is written."""


class Training:
    """A variant trained with a seed, and the tests of its model.

    ``run.json`` (what it was started with) and ``trained.json`` in its folder say how
    far it is; both are written whole or not at all.

    Args:
        variant: What is trained.
        seed: Of the training.
        training: Name of its config and digest of the whole of it.
        out: Folder of all trainings.
        records: The file that gets a line for each test.
        more: Options of trainings and tests that are not recorded (``data_root``).
        source: The training whose model this one loads.
    """

    def __init__(
        self,
        variant: Variant,
        seed: int,
        training: str,
        *,
        out: Path,
        records: Path,
        more: Options,
        source: 'Training | None',
    ) -> None:
        self.variant, self.seed, self.training = variant, seed, training
        self.name = f'{variant.label} ({training}), seed {seed}'
        self.folder = out / 'runs' / training / f'seed{seed}'
        self.source = source
        self.tests: dict[str, Variant] = {}
        self._own: Options = {'randomness.seed': seed, **more}
        self._records, self._more = records, more
        self._ended = Event()

    def prepare(self, tools: Path, threads: int) -> None:
        """Do what must not be done in several threads: read configs and data.

        Raises:
            FileNotFoundError: The data is not there.
        """
        cfg = training_config(self.variant, self._more)
        self.length = cfg.train_cfg.get('max_iters') or cfg.train_cfg.max_epochs
        self._data, self._tools, self._threads = data_digest(cfg), tools, threads

    @property
    def trained(self) -> bool:
        """Whether the training is complete."""
        return (self.folder / 'trained.json').is_file()

    @property
    def checkpoint(self) -> Path:
        """The last one."""
        return TrainedModel(self.name, Path(), self.folder).checkpoint

    def run(self, commands: Commands) -> None:
        """Train, then test and record, what is missing of these."""
        try:
            if not self.trained:
                self._train(commands)
        finally:
            self._ended.set()
        for test, variant in self.tests.items():
            folder = self.folder / 'tests' / test
            options = evaluation_options(variant)
            command = self._command('test', folder, [str(self.checkpoint)], options)
            commands.run(command, folder / 'test.log')
            with RECORDING:
                self._record(test, variant, read_metrics(folder))

    def _train(self, commands: Commands) -> None:
        options = training_options(self.variant)
        if self.source:
            self.source._ended.wait()
            if not self.source.trained:
                raise RuntimeError(f'{self.source.name}, its start, is not trained')
            options['load_from'] = str(self.source.checkpoint)
        self._begin()
        command = self._command('train', self.folder, ['--resume'], options)
        commands.run(command, self.folder / 'train.log')
        for path in self.folder.glob('*_*.pth'):
            if path.name != self.checkpoint.name:
                path.unlink()
        _write(self.folder / 'trained.json', dict(date=date.today().isoformat()))

    def _begin(self) -> None:
        """Note what the training is started with, or goes on with.

        Raises:
            ValueError: It was started with other data.
        """
        path = self.folder / 'run.json'
        started: dict[str, Any] = dict(
            config=shown_path(self.variant.config),
            options=training_options(self.variant),
            data=self._data,
            threads=self._threads,
            **code_version(),
            **machine(),
        )
        if path.is_file():
            before = json.loads(path.read_text())
            if before['data'] != started['data']:
                raise ValueError(
                    f'{path}: data: the training was started with {before["data"]}, '
                    f'there is now {started["data"]}; give another --out'
                )
            if started['commit'] not in str(before['commit']):
                started['commit'] = f'{before["commit"]}; {started["commit"]}'
            started['dirty'] = before['dirty'] or started['dirty']
        _write(path, started)

    def _command(
        self, tool: str, work_dir: Path, arguments: list[str], options: Options
    ) -> list[str]:
        script = str(self._tools / f'{tool}.py')
        command = [sys.executable, script, str(self.variant.config), *arguments]
        command += ['--work-dir', str(work_dir)]
        return [*command, '--cfg-options', *to_flags({**options, **self._own})]

    def _record(self, test: str, variant: Variant, metrics: dict[str, float]) -> None:
        logs = training_logs(self.folder)
        times = [
            entry['time']
            for log in logs
            for entry in log_entries(log)
            if 'iter' in entry and 'time' in entry
        ]
        cost = model_cost(evaluation_config(variant, self._more))
        changed = {
            key: value
            for key, value in variant.test.items()
            if key not in variant.training or variant.training[key] != value
        }
        started, trained = (
            json.loads((self.folder / name).read_text())
            for name in ('run.json', 'trained.json')
        )
        JsonLines(self._records).append(
            dict(
                **RunKey(self.training, test, self.seed)._asdict(),
                **{**started, **trained},
                tested_with=changed,
                iterations=self.length,
                seconds_per_iteration=round(median(times), 4) if times else None,
                attempts=len(logs),
                **cost,
                **metrics,
            )
        )


def read_metrics(work_dir: Path) -> dict[str, float | None]:
    """Every figure of the newest test in a work dir, without its prefix; NaN is None.

    Raises:
        FileNotFoundError: No test has left any.
    """
    found = sorted(work_dir.glob('*/*.json'))
    if not found:
        raise FileNotFoundError(f'{work_dir} has no json of a test')
    return {
        key.partition('/')[2]: value if value == value else None
        for key, value in json.loads(found[-1].read_text()).items()
        if '/' in key and isinstance(value, float | int)
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(content) + '\n')
