"""One run of a study: trained, evaluated, recorded, each once."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mmpisr.apis.run_options import load_config
from mmpisr.apis.trained_model import TrainedModel
from mmpisr.files import write_atomically

from .options import to_flags
from .process_queue import Step
from .provenance import code_version, shown_path
from .records import check_same
from .study import Options, Study, Variant

DEFAULTS: Options = {
    'randomness.deterministic': True,
    'default_hooks.checkpoint.interval': 100,
    'default_hooks.checkpoint.max_keep_ckpts': 2,  # mmengine drops one, then saves
    'default_hooks.logger.interval': 10,
}
"""Of every training, unless the study says otherwise."""
PAST = {'train': 'trained', 'test': 'tested'}
EVALUATION: Options = {
    'test_evaluator.miou': True,
    'test_evaluator.iiou': True,
    'test_evaluator.mask_ap': 'coco',
}


class Scripts(NamedTuple):
    """What a run calls."""

    train: Path
    test: Path


class StudyRun:
    """A variant with a seed, and how far it is, which its folder says.

    ``run.json`` (what it was started with), ``trained.json``, ``scores.npz``,
    ``tested.json`` (the metrics) are written in this order, whole or not at all.

    Args:
        study: The study.
        variant: One of its variants.
        seed: One of its seeds.
        out: Folder of the study.
        scripts: ``tools/train.py`` and ``tools/test.py``.
        data_root: Replaces the configs'.
        record: Is called with the run when it is complete.
    """

    def __init__(
        self,
        study: Study,
        variant: Variant,
        seed: int,
        *,
        out: Path,
        scripts: Scripts,
        data_root: str | None = None,
        record: Callable[['StudyRun'], None],
    ) -> None:
        self.variant, self.seed = variant, seed
        self.name = f'{variant.label}, seed {seed}'
        self.folder = out / variant.folder / f'seed{seed}'
        self.options = study.options_of(variant)
        self.scripts = scripts
        self.record = record
        self._moved = {'data_root': data_root} if data_root else {}

    @property
    def identity(self) -> dict[str, Any]:
        """What must not change between two calls."""
        return dict(
            label=self.variant.label,
            seed=self.seed,
            config=shown_path(self.variant.config),
            options=dict(self.options),
        )

    @property
    def scores_file(self) -> Path:
        """Statistics of each image."""
        return self.folder / 'scores.npz'

    def all_options(self) -> dict[str, Any]:
        """``--cfg-options`` of its training."""
        options = {**DEFAULTS, **self.options, **self._moved}
        return {**options, 'randomness.seed': self.seed}

    def config(self) -> Any:
        """The config with all options."""
        return load_config(str(self.variant.config), options=self.all_options())

    def next_step(self) -> Step | None:
        """Train, then test; then record and end."""
        self._begin()
        if not self._marker('trained').is_file():
            return self._step('train', ['--resume'], self.all_options())
        if not self._marker('tested').is_file():
            checkpoint = TrainedModel(self.name, Path(), self.folder).checkpoint
            scores = {'test_evaluator.scores_file': str(self.scores_file)}
            options = {**self.all_options(), **EVALUATION, **scores}
            return self._step('test', [str(checkpoint)], options)
        self.record(self)
        return None

    def step_done(self, step: Step, peak_memory_mib: float) -> None:
        """Leave the marker of a step."""
        content: dict[str, Any] = dict(peak_memory_mib=round(peak_memory_mib, 1))
        if step.name == 'test':
            content['metrics'] = read_metrics(self.folder / 'test')
        else:
            self._keep_last_checkpoint()
        write_atomically(self._marker(PAST[step.name]), json.dumps(content) + '\n')

    def read(self, name: str) -> dict[str, Any]:
        """Content of ``run.json``, ``trained.json`` or ``tested.json``."""
        return json.loads(self._marker(name).read_text())

    def _begin(self) -> None:
        path = self._marker('run')
        if path.is_file():
            started = json.loads(path.read_text())
            check_same(started, self.identity, fields=('config', 'options'), where=path)
        else:
            content = {**self.identity, **code_version()}
            write_atomically(path, json.dumps(content) + '\n')

    def _step(self, name: str, arguments: list[str], options: Options) -> Step:
        work_dir = self.folder if name == 'train' else self.folder / name
        script = str(getattr(self.scripts, name))
        command = [sys.executable, script, str(self.variant.config), *arguments]
        command += ['--work-dir', str(work_dir), '--cfg-options', *to_flags(options)]
        return Step(name, command, self.folder / f'{name}.log')

    def _keep_last_checkpoint(self) -> None:
        last = TrainedModel(self.name, Path(), self.folder).checkpoint
        for path in self.folder.glob('iter_*.pth'):
            if path.name != last.name:
                path.unlink()

    def _marker(self, name: str) -> Path:
        return self.folder / f'{name}.json'


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
        key.rpartition('/')[2]: value
        for key, value in content.items()
        if '/' in key and isinstance(value, float | int)
    }
