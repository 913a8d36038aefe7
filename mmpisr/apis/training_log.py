"""What the logs of a training say, interruptions included."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def training_logs(work_dir: Path) -> list[Path]:
    """The log of each time that a training was started, in their order."""
    return sorted(work_dir.glob('*/vis_data/scalars.json'))


def log_entries(log: Path, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
    """Lines of a log, without the one that a kill has left half written."""
    lines = log.read_text().splitlines()
    for line in reversed(lines) if newest_first else lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def iterations_done(work_dir: Path) -> int:
    """Iterations in the newest log of a work dir, 0 before the first line."""
    logs = training_logs(work_dir)
    entries = log_entries(logs[-1], newest_first=True) if logs else iter(())
    return next((entry['iter'] for entry in entries if 'iter' in entry), 0)
