"""The finished runs of a study: one line of json each, each run once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpisr.json_lines import JsonLines

from .run_place import RunPlace

Record = Mapping[str, Any]


class RunRecords:
    """Reads and appends to ``runs.jsonl``.

    A run is known by its label, its seed, and the digests of what was trained and
    tested: records of what a label stood for before are kept and not found.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = JsonLines(path)
        self._records: dict[tuple, Record] = {}
        for _, line in self._lines:
            record = json.loads(line)
            self._records.setdefault(_key(record), record)

    def find(self, label: str, seed: int, place: RunPlace) -> Record | None:
        """The record of a run, None where it has not finished."""
        return self._records.get((label, seed, place.training, place.test))

    def append(self, record: dict[str, Any]) -> None:
        """Add a run; nothing happens if it is there already."""
        key = _key(record)
        if key not in self._records:
            self._lines.append(record)
            self._records[key] = record


def _key(record: Record) -> tuple:
    return tuple(record.get(name) for name in ('label', 'seed', 'training', 'test'))
