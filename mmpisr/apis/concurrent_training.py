"""Several trainings at once, one process each, with one line of progress."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from mmengine.config import Config

from mmpisr.datasets import merge_options

from .trained_model import TrainedModel


def train_together(
    trainings: Sequence[TrainedModel],
    *,
    script: Path,
    options: Mapping[str, object] | None = None,
    threads: int = 1,
    poll_seconds: float = 1.0,
) -> dict[str, float]:
    """Run trainings side by side and show how far they are.

    Each goes on from the latest checkpoint in its work dir, so that an interrupted call
    can be repeated and a finished training is not done again.

    Args:
        trainings: What to run.
        script: The training script, ``tools/train.py``.
        options: ``--cfg-options`` of all of them.
        threads: CPU threads of each process.
        poll_seconds: Time between two looks at the logs.

    Returns:
        Wall-clock seconds of each, by name, with the others beside it.

    Raises:
        RuntimeError: A training failed; names its log and shows the end of it.
    """
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    flags = [f'{key}={value}' for key, value in (options or {}).items()]
    totals = {training: _iterations(training, options) for training in trainings}
    start = time.monotonic()
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        processes = {
            training: stack.enter_context(_start(training, script, flags, environment))
            for training in trainings
        }
        stack.callback(_stop, processes.values())
        while len(seconds) < len(trainings):
            time.sleep(poll_seconds)
            for training, process in processes.items():
                if training.name not in seconds and process.poll() is not None:
                    _check(training, process.returncode)
                    seconds[training.name] = time.monotonic() - start
            _show(totals, time.monotonic() - start)
    print()
    return seconds


def log_of(training: TrainedModel) -> Path:
    """Where the process of a training writes what it prints."""
    return training.work_dir / 'train.log'


def iterations_done(work_dir: Path) -> int:
    """Iterations in the newest log of a work dir, 0 before the first line."""
    logs = sorted(work_dir.glob('*/vis_data/scalars.json'))
    lines = logs[-1].read_text().splitlines() if logs else []
    for line in reversed(lines):
        try:
            return int(json.loads(line)['iter'])
        except (ValueError, KeyError):  # half written, or a line of validation
            continue
    return 0


def _iterations(training: TrainedModel, options: Mapping[str, object] | None) -> int:
    cfg = Config.fromfile(training.config)
    merge_options(cfg, options)
    return cfg.train_cfg.max_iters


def _start(
    training: TrainedModel, script: Path, flags: list[str], environment: dict[str, str]
) -> subprocess.Popen:
    training.work_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(script), str(training.config), '--resume']
    command += ['--work-dir', str(training.work_dir)]
    if flags:
        command += ['--cfg-options', *flags]
    with log_of(training).open('a') as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def _stop(processes: Iterable[subprocess.Popen]) -> None:
    for process in processes:
        process.terminate()


def _check(training: TrainedModel, code: int) -> None:
    if code != 0:
        end = '\n'.join(log_of(training).read_text().splitlines()[-15:])
        raise RuntimeError(
            f'training {training.name!r} ended with exit status {code}; '
            f'the end of {log_of(training)}:\n{end}'
        )


def _show(totals: Mapping[TrainedModel, int], seconds: float) -> None:
    """Overwrite the line of progress."""
    done = {training: iterations_done(training.work_dir) for training in totals}
    slowest = min(done[training] / totals[training] for training in totals)
    left = f'{seconds * (1 - slowest) / slowest:.0f} s left' if slowest else 'starting'
    parts = [f'{run.name} {done[run]}/{totals[run]}' for run in totals]
    print(f'\r{" | ".join(parts)} | {seconds:.0f} s, {left}   ', end='', flush=True)
