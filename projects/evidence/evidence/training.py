"""One training of a study, and the tests of its model."""

import json
import sys
from datetime import date
from pathlib import Path
from statistics import median
from threading import Event, Lock
from typing import Any, NamedTuple

from speed.origin import code_version, machine

from mmpisr.apis.commands import Commands
from mmpisr.apis.option_flags import to_flags
from mmpisr.apis.run_options import load_config
from mmpisr.apis.trainings import last_checkpoint, training_logs
from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

from .cost import model_cost
from .identity import data_digest
from .records import RunKey, shown_path
from .study import TEST, Options, Variant

RECORDING = Lock()
"""Held while a model is built to be counted and a line is written."""


class Setting(NamedTuple):
    """What all runs of a call share.

    Attributes:
        out: Folder of all trainings.
        records: The file that gets a line for each test.
        tools: Folder of ``train.py`` and ``test.py``.
        threads: CPU threads of each training.
        more: Options that are not recorded (``data_root``).
    """

    out: Path
    records: Path
    tools: Path
    threads: int
    more: Options


class Training:
    """A variant trained with a seed, and the tests of its model.

    ``run.json`` (what it was started with) and ``trained.json`` in its folder say how
    far it is; both are written whole or not at all.

    Args:
        variant: What is trained.
        training: Name of its config and digest of the whole of it.
        seed: Of the training.
        setting: What all runs share.
        source: The training whose model this one loads.

    Attributes:
        tests: Variants by the digest of their test.
        length: Iterations.

    Raises:
        FileNotFoundError: There is no data.
    """

    def __init__(
        self,
        variant: Variant,
        training: str,
        seed: int,
        setting: Setting,
        source: 'Training | None',
    ) -> None:
        self.variant, self.training, self.seed = variant, training, seed
        self.setting, self.source = setting, source
        self.name = f'{variant.label} ({training}), seed {seed}'
        self.folder = setting.out / 'runs' / training / f'seed{seed}'
        self.tests: dict[str, Variant] = {}
        # threads read no configs: mmengine changes the state of the process
        cfg = load_config(str(variant.config), options=variant.training | setting.more)
        self.length = cfg.train_cfg.get('max_iters') or cfg.train_cfg.max_epochs
        self._data = data_digest(cfg)
        self._ended = Event()

    @property
    def trained(self) -> bool:
        """Whether the training is complete."""
        return (self.folder / 'trained.json').is_file()

    def run(self, commands: Commands) -> None:
        """Train, then test and record, what is missing of these.

        Raises:
            RuntimeError: A command failed, or ``source`` is not trained.
            ValueError: The training was started with other data.
        """
        try:
            self._begin()
            if not self.trained:
                self._train(commands)
        finally:
            self._ended.set()
        for test, variant in self.tests.items():
            folder = self.folder / 'tests' / test
            options = variant.test
            checkpoint = str(last_checkpoint(self.folder))
            command = self._command('test', folder, [checkpoint], options)
            commands.run(command, folder / 'test.log')
            with RECORDING:
                self._record(test, variant, read_metrics(folder))

    def _begin(self) -> None:
        """Note what the training is started with, or goes on with."""
        path = self.folder / 'run.json'
        started: dict[str, Any] = dict(
            config=shown_path(self.variant.config),
            options=self.variant.training,
            data=self._data,
            threads=self.setting.threads,
            **code_version(),
            **machine(),
        )
        if path.is_file():
            before = json.loads(path.read_text())
            if before['data'] != self._data:
                raise ValueError(
                    f'{path}: data: the training was started with {before["data"]}, '
                    f'there is now {self._data}; give another --out'
                )
            if str(started['commit']) not in str(before['commit']):
                started['commit'] = f'{before["commit"]}; {started["commit"]}'
            started['dirty'] = before['dirty'] or started['dirty']
        if not self.trained:
            _write(path, started)

    def _train(self, commands: Commands) -> None:
        options = dict(self.variant.training)
        if self.source:
            self.source._ended.wait()
            if not self.source.trained:
                raise RuntimeError(f'{self.source.name}, its start, is not trained')
            options['load_from'] = str(last_checkpoint(self.source.folder))
        command = self._command('train', self.folder, ['--resume'], options)
        commands.run(command, self.folder / 'train.log')
        for path in self.folder.glob('iter_*.pth'):
            if path.name != last_checkpoint(self.folder).name:
                path.unlink()
        _write(self.folder / 'trained.json', dict(date=str(date.today())))

    def _command(
        self, tool: str, work_dir: Path, arguments: list[str], options: Options
    ) -> list[str]:
        script, config = str(self.setting.tools / f'{tool}.py'), self.variant.config
        command = [sys.executable, script, str(config), *arguments]
        command += ['--work-dir', str(work_dir), '--cfg-options']
        seed = {'randomness.seed': self.seed}
        return command + to_flags({**options, **seed, **self.setting.more})

    def _record(self, test: str, variant: Variant, metrics: dict[str, Any]) -> None:
        logs = training_logs(self.folder)
        times = [e['time'] for e in sum(logs, []) if {'iter', 'time'} <= e.keys()]
        options = variant.test | self.setting.more
        cost = model_cost(load_config(str(variant.config), options=options))
        own = {key: variant.test[key] for key in variant.test.keys() - TEST.keys()}
        changed = {k: v for k, v in own.items() if variant.training.get(k) != v}
        files = [self.folder / name for name in ('run.json', 'trained.json')]
        origin = {k: v for f in files for k, v in json.loads(f.read_text()).items()}
        JsonLines(self.setting.records).append(
            dict(
                **RunKey(self.training, test, self.seed)._asdict(),
                **origin,
                tested_with=changed,
                iterations=self.length,
                seconds_per_iteration=round(median(times), 4) if times else None,
                attempts=len(logs),
                **cost,
                **metrics,
            )
        )


def read_metrics(work_dir: Path) -> dict[str, Any]:
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
