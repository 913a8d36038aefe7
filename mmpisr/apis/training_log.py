"""What the logs of a training say, interruptions included: figures and time."""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

Curve = dict[int, float]
"""A figure by iteration, PQ in percent for example."""


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


def metric_name(key: str) -> str:
    """Name of a logged figure without its evaluator's prefix: ``PQ``."""
    return key.partition('/')[2]


def read_curves(work_dir: Path) -> dict[str, Curve]:
    """Read what was validated, a resumed training's earlier logs included.

    Args:
        work_dir: Of the training.

    Returns:
        Each figure by iteration, by its name without prefix; empty where nothing was
        validated.
    """
    curves: dict[str, Curve] = {}
    for log in _logs(work_dir):
        for entry in _entries(log):
            figures = {metric_name(key): v for key, v in entry.items() if '/' in key}
            for name, value in figures.items():
                curves.setdefault(name, {})[entry['step']] = value
    return {name: dict(sorted(curve.items())) for name, curve in curves.items()}


def iterations_done(work_dir: Path) -> int:
    """Iterations in the newest log of a work dir, 0 before the first line."""
    logs = _logs(work_dir)
    entries = _entries(logs[-1], newest_first=True) if logs else iter(())
    return next((entry['iter'] for entry in entries if 'iter' in entry), 0)


def training_time(work_dir: Path) -> TrainingTime:
    """Read every log of a work dir; a later attempt's iterations replace an earlier's.

    Args:
        work_dir: Of the training.
    """
    logs = _logs(work_dir)
    times = {step: seconds for log in logs for step, seconds in _times(log)}
    steps = sorted(times)
    lengths = [step - last for last, step in zip([0, *steps], steps, strict=False)]
    total = sum(times[s] * length for s, length in zip(steps, lengths, strict=True))
    middle = median(times.values()) if times else float('nan')
    return TrainingTime(total, middle, len(logs))


def _times(log: Path) -> Iterator[tuple[int, float]]:
    for entry in _entries(log):
        if 'iter' in entry and 'time' in entry:
            yield entry['iter'], entry['time']


def _logs(work_dir: Path) -> list[Path]:
    return sorted(work_dir.glob('*/vis_data/scalars.json'))


def _entries(log: Path, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
    """Lines of a log, without the one that a kill has left half written."""
    lines = log.read_text().splitlines()
    for line in reversed(lines) if newest_first else lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
