"""What the logs of a training say about its time, interruptions included."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mmpisr.apis.learning_curves import log_entries


class TrainingTime(NamedTuple):
    """Time of a training's iterations, without start, validation and checkpoints.

    Attributes:
        seconds: Of all iterations, each counted once.
        seconds_per_iteration: Median of the logged means; NaN without a line.
        attempts: How often it was started; more than one: it was interrupted, and
            another seed of the loaders' workers makes it differ from a whole run.
    """

    seconds: float
    seconds_per_iteration: float
    attempts: int


def training_time(work_dir: Path) -> TrainingTime:
    """Read every log of a work dir; a later attempt's iterations replace an earlier's.

    Args:
        work_dir: Of the training.
    """
    logs = sorted(work_dir.glob('*/vis_data/scalars.json'))
    times = {step: seconds for log in logs for step, seconds in _times(log)}
    steps = sorted(times)
    lengths = [step - last for last, step in zip([0, *steps], steps, strict=False)]
    total = sum(times[s] * length for s, length in zip(steps, lengths, strict=True))
    middle = median(times.values()) if times else float('nan')
    return TrainingTime(total, middle, len(logs))


def _times(log: Path) -> Iterator[tuple[int, float]]:
    for entry in log_entries(log):
        if 'iter' in entry and 'time' in entry:
            yield entry['iter'], entry['time']
