"""Several trainings at once, one process each, with one line of progress."""

import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from .commands import Commands, run_side_by_side
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
    seconds: dict[str, float] = {}

    def train(training: TrainedModel, commands: Commands) -> None:
        start = time.monotonic()
        command = training_command(script, training, options or {})
        commands.run(command, training.work_dir / 'train.log')
        seconds[training.name] = time.monotonic() - start

    lengths = {
        training.work_dir: load_config(
            str(training.config), options=options
        ).train_cfg.max_iters
        for training in trainings
    }
    failures = run_side_by_side(
        {training.name: partial(train, training) for training in trainings},
        jobs=len(trainings),
        threads=threads,
        poll_seconds=poll_seconds,
        show=TrainingProgress(lengths),
        stop_at_failure=True,
    )
    for name, error in failures.items():
        raise RuntimeError(f'training {name!r}: {error}') from error
    return seconds


def training_command(
    script: Path, training: TrainedModel, options: Mapping[str, object]
) -> list[str]:
    """The command that trains, or goes on from the latest checkpoint."""
    command = [sys.executable, str(script), str(training.config), '--resume']
    command += ['--work-dir', str(training.work_dir)]
    return [*command, '--cfg-options', *to_flags(options)] if options else command
