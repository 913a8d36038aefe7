"""Several trainings at once, one process each, with one line of progress."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmpisr.processes.process_queue import Step, run_queue

from .option_flags import to_flags
from .run_options import load_config
from .trained_model import TrainedModel
from .training_progress import TrainingProgress


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
        RuntimeError: A training failed, and the others were stopped; names its log and
            shows the end of it.
    """
    flags = to_flags(options or {})
    tasks = [_TrainingTask(training, script, flags) for training in trainings]
    lengths = {
        training.work_dir: load_config(
            str(training.config), options=options
        ).train_cfg.max_iters
        for training in trainings
    }
    failures = run_queue(
        tasks,
        jobs=len(tasks),
        threads=threads,
        poll_seconds=poll_seconds,
        show=TrainingProgress(lengths),
        stop_at_failure=True,
    )
    for failure in failures:
        raise RuntimeError(f'training {failure.name!r}: {failure.reason}')
    return {task.name: task.seconds for task in tasks}


class _TrainingTask:
    """A training as a task of one step."""

    def __init__(self, training: TrainedModel, script: Path, flags: list[str]) -> None:
        self.name = training.name
        self.seconds = self._start = float('nan')
        command = [sys.executable, str(script), str(training.config), '--resume']
        command += ['--work-dir', str(training.work_dir)]
        if flags:
            command += ['--cfg-options', *flags]
        log = training.work_dir / 'train.log'
        self._steps = [Step('train', command, log)]

    def acquire(self) -> bool:
        """Nobody else is kept out; its time begins."""
        self._start = time.monotonic()
        return True

    def release(self) -> None:
        """Nobody was."""

    def next_step(self) -> Step | None:
        """The training, once."""
        return self._steps.pop() if self._steps else None

    def step_done(self, step: Step, peak_memory_mib: float) -> None:
        """Note how long it took."""
        del step, peak_memory_mib
        self.seconds = time.monotonic() - self._start
