"""The finished runs of all studies, kept beside their reports under version control."""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Any

from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

from .run_place import RunKey

Record = Mapping[str, Any]
FIGURES = 'metrics', 'curves'
"""Fields of numbers, which may be NaN: null in the file, as json knows no NaN."""


class RunRecords:
    """Reads and appends to ``runs.jsonl``, and keeps each run's scores beside it.

    A run is known by its seed and the digests of what was trained and tested, whichever
    study asked for it: what several studies share is recorded once, and of what a
    variant was before there is a record that no study finds. Processes may share it.

    Args:
        folder: Holds ``runs.jsonl``, one line of json each run, each run once,
            ``scores/`` and ``times/``; it need not exist.

    Raises:
        ValueError: A line is no record of a run, a merge's mark for example.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / 'runs.jsonl'
        self._scores = folder / 'scores'
        self._records: dict[RunKey, Record] = {}
        self._read()

    def find(self, run: RunKey) -> Record | None:
        """The record of a run, None where it has not finished."""
        return self._records.get(run)

    def scores_file(self, run: RunKey) -> Path:
        """Its statistics of each image, as ``load_score_table`` reads them."""
        return self._scores / f'{run.training}-seed{run.seed}-{run.test}.npz'

    def times_file(self, study: str) -> Path:
        """How long a study's variants take, as ``TimeRatios`` reads it."""
        return self.path.parent / 'times' / f'{study}.json'

    def append(self, run: RunKey, record: Record, scores: Path) -> None:
        """Add a run and a copy of its scores; one that is there must be equal.

        Raises:
            ValueError: It is recorded with other metrics; names each, both values and
                both processors, for another may round otherwise.
        """
        with self._alone():
            self._read()
            if run in self._records:
                self._compare(run, record)
                return
            write_atomically(self.scores_file(run), scores.read_bytes())
            line = {**run._asdict(), **record}
            JsonLines(self.path).append(_with_null(line))
            self._records[run] = line

    def _read(self) -> None:
        for number, (_, line) in enumerate(JsonLines(self.path), 1):
            try:
                record = json.loads(line)
                run = RunKey(*(record[field] for field in RunKey._fields))
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f'{self.path}: line {number}: no record of a run: {line[:60]!r}'
                ) from error
            self._records.setdefault(run, _with_nan(record))

    def _compare(self, run: RunKey, record: Record) -> None:
        kept, found = self._records[run]['metrics'], record['metrics']
        other = [
            f'{key} {kept.get(key)} (recorded) {found.get(key)} (now)'
            for key in sorted({*kept, *found})
            if json.dumps(kept.get(key)) != json.dumps(found.get(key))
        ]
        if other:
            cpus = [r.get('cpu') for r in (self._records[run], record)]
            raise ValueError(
                f'{self.path}: {run.training}, seed {run.seed}, test {run.test}: '
                f'metrics: {"; ".join(other)}; cpu {cpus[0]} (recorded) {cpus[1]} (now)'
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process appends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open('ab') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _with_null(record: Record) -> dict[str, Any]:
    return _change_figures(record, lambda x: None if isnan(x) else x)


def _with_nan(record: Record) -> dict[str, Any]:
    return _change_figures(record, lambda x: float('nan') if x is None else x)


def _change_figures(record: Record, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A record whose figures, however deep they lie, are changed one by one."""

    def visit(node: Any) -> Any:
        if isinstance(node, Mapping):
            return {key: visit(value) for key, value in node.items()}
        return change(node)

    return {k: visit(v) if k in FIGURES else v for k, v in record.items()}
