"""Several trainings at once, one process each, with one line of progress."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.runner import find_latest_checkpoint

from mmpisr.json_lines import JsonLines

from .commands import Commands, run_side_by_side
from .option_flags import to_flags
from .run_options import load_config


class TrainingRun(NamedTuple):
    """A config and the folder in which it is trained."""

    name: str
    config: Path
    work_dir: Path
    options: Mapping[str, object] = {}
    """``--cfg-options`` of this training."""


def train_together(
    trainings: Sequence[TrainingRun],
    *,
    script: Path,
    options: Mapping[str, object] | None = None,
    jobs: int | None = None,
    poll_seconds: float = 1.0,
) -> dict[str, float]:
    """Run trainings side by side and show their progress.

    Each training resumes from the latest checkpoint in its work dir. An interrupted
    call can be repeated, and finished trainings are not run again.

    Args:
        trainings: What to run.
        script: The training script, ``tools/train.py``.
        options: ``--cfg-options`` of all trainings.
        jobs: How many run at once; all of them if unset.
        poll_seconds: Seconds between two updates of the progress.

    Returns:
        Wall-clock seconds of each training by name; they slow each other down.

    Raises:
        RuntimeError: A training failed, and the others were stopped. The message has
            the path and the last lines of its log.
    """
    seconds: dict[str, float] = {}

    def train(training: TrainingRun, commands: Commands) -> None:
        start = time.monotonic()
        own = {**(options or {}), **training.options}
        flags = ['--cfg-options', *to_flags(own)] if own else []
        command = [sys.executable, str(script), str(training.config), '--resume']
        command += ['--work-dir', str(training.work_dir), *flags]
        commands.run(command, training.work_dir / 'train.log')
        seconds[training.name] = time.monotonic() - start

    lengths = {}
    for training in trainings:
        cfg = load_config(str(training.config), options=options)
        lengths[training.work_dir] = cfg.train_cfg.max_iters
    failures = run_side_by_side(
        {training.name: partial(train, training) for training in trainings},
        jobs=jobs or len(trainings),
        poll_seconds=poll_seconds,
        show=TrainingProgress(lengths),
        stop_at_failure=True,
    )
    for name, error in failures.items():
        raise RuntimeError(f'training {name!r}: {error}') from error
    return seconds


def last_checkpoint(work_dir: Path) -> Path:
    """Return the checkpoint that a training wrote last.

    Raises:
        FileNotFoundError: ``work_dir`` has none.
    """
    path = find_latest_checkpoint(str(work_dir))
    if path is None:
        raise FileNotFoundError(f'{work_dir} has no checkpoint; train first')
    return Path(path)


def training_logs(work_dir: Path) -> list[list[dict[str, Any]]]:
    """Read what each start of a training logged, oldest first.

    A line that was cut off when the process was killed is left out.
    """
    return [[json.loads(line) for _, line in log] for log in _logs(work_dir)]


def _logs(work_dir: Path) -> list[JsonLines]:
    return [JsonLines(p) for p in sorted(work_dir.glob('*/vis_data/scalars.json'))]


def _iterations_done(work_dir: Path) -> int:
    """Last iteration that was logged; only lines from there on are parsed."""
    for log in reversed(_logs(work_dir)):
        for _, line in reversed([*log]):
            if 'iter' in (entry := json.loads(line)):
                return entry['iter']
    return 0


class TrainingProgress:
    """Prints runs, iterations and the estimated time left of several trainings.

    A terminal shows a line for each running training and one for all of them, which are
    updated. A file gets a line whenever a training ends, which neither tqdm nor rich
    prints.

    Args:
        lengths: Iterations of each training, by its work dir.
        finished: Number of trainings that were complete before.
    """

    def __init__(self, lengths: Mapping[Path, int], *, finished: int = 0) -> None:
        self._lengths, self._finished = lengths, finished
        self._at_start = sum(self._iterations().values())
        self._start = time.monotonic()
        self._last = -1
        self._above = 0  # lines of running trainings on the terminal

    def __call__(self, ended: int) -> None:
        """Print the line; ``ended`` trainings have ended, failed ones included."""
        if sys.stdout.isatty():
            end = '\n' if ended == len(self._lengths) else ''
            up = f'\x1b[{self._above}A' if self._above else ''
            lines = [
                f'{work_dir.name}: iteration {done}/{self._lengths[work_dir]}'
                for work_dir, done in self._iterations().items()
                if 0 < done < self._lengths[work_dir]
            ]
            self._above = len(lines)
            text = '\n'.join([*lines, self.line(ended)])
            print(f'\r{up}\x1b[J{text}', end=end, flush=True)
        elif ended != self._last:
            print(self.line(ended), flush=True)
        self._last = ended

    def line(self, ended: int) -> str:
        """Format the line."""
        if not self._lengths:
            return f'all {self._finished} runs are recorded'
        seconds = time.monotonic() - self._start
        done, total = (sum(n.values()) for n in (self._iterations(), self._lengths))
        fresh = done - self._at_start
        left = clock(seconds * (total - done) / fresh) if fresh else '?'
        runs = f'{self._finished + ended}/{self._finished + len(self._lengths)} runs'
        return f'{runs} | iteration {done}/{total} | {clock(seconds)}, {left} left'

    def _iterations(self) -> dict[Path, int]:
        """The last iteration that each training logged, by its work dir."""
        return {work_dir: _iterations_done(work_dir) for work_dir in self._lengths}


def clock(seconds: float) -> str:
    """Format a duration as hours and minutes, or as seconds below two minutes."""
    if seconds < 120:
        return f'{seconds:.0f} s'
    hours, minutes = divmod(round(seconds / 60), 60)
    return f'{hours} h {minutes:02} min' if hours else f'{minutes} min'
