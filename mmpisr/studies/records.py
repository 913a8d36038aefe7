"""The finished runs of a study: one line of json each, each run once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpisr.json_lines import JsonLines

Record = Mapping[str, Any]


class RunRecords:
    """Reads and appends to ``runs.jsonl``.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = JsonLines(path)
        self._records: dict[tuple[str, int], Record] = {}
        for _, line in self._lines:
            record = json.loads(line)
            self._records.setdefault((record['label'], record['seed']), record)

    def find(self, label: str, seed: int) -> Record | None:
        """The record of a run, None where it has not finished."""
        return self._records.get((label, seed))

    def of_label(self, label: str) -> dict[int, Record]:
        """Records of a variant by seed, in order of the seeds."""
        found = {s: r for (name, s), r in self._records.items() if name == label}
        return dict(sorted(found.items()))

    def append(self, record: dict[str, Any]) -> None:
        """Add a run; nothing happens if it is there already."""
        key = record['label'], record['seed']
        if key not in self._records:
            self._lines.append(record)
            self._records[key] = record


def check_same(
    recorded: Record, current: Record, *, fields: tuple[str, ...], where: Path
) -> None:
    """Refuse to mix runs of a study that was changed in between.

    Raises:
        ValueError: A field differs; names the run and both values.
    """
    for field in fields:
        old, new = recorded.get(field), current.get(field)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            keys = [k for k in {**old, **new} if old.get(k, '-') != new.get(k, '-')]
            old, new = {k: old.get(k) for k in keys}, {k: new.get(k) for k in keys}
        if old != new:
            raise ValueError(
                f'{where}: {recorded["label"]!r} with seed {recorded["seed"]} was run '
                f'with {field} {old}, the study now has {new}; give the variant '
                'another label, or the study another --out'
            )
