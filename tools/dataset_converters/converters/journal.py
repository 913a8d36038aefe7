"""Record which images are converted, and find those that are up to date."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpisr.datasets.run_in_order import run_in_order
from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

from .segments import ImageJob

SHOWN = 3  # differences in an error message


class Journal:
    """A heading with the settings, then a line per image.

    Raises:
        ValueError: The journal was started with other settings; names both.
    """

    def __init__(self, path: Path, *, heading: dict[str, Any]) -> None:
        self.path = path
        self.heading = json.loads(json.dumps(heading))  # as read back: no tuples
        self._lines = JsonLines(path)
        found, *self.entries = [json.loads(line) for _, line in self._lines] or [None]
        if found is not None:
            check_settings(path, found=found, asked=self.heading)

    def start(self, entries: list[dict]) -> None:
        """Write the heading and these entries only."""
        self.entries = entries
        lines = [self.heading, *self.entries]
        write_atomically(self.path, ''.join(json.dumps(line) + '\n' for line in lines))

    def add(self, entry: dict) -> None:
        """Append one image, or nothing if the disk is full."""
        self._lines.append(entry)
        self.entries.append(entry)


def check_settings(path: Path, *, found: dict[str, Any], asked: dict[str, Any]) -> None:
    """Raise a ``ValueError`` that shows the old and the new value of each setting."""
    theirs, ours = _fields(found), _fields(asked)
    names = [n for n in {**ours, **theirs} if theirs.get(n) != ours.get(n)]
    if names:
        old, new = ({n: each.get(n) for n in names[:SHOWN]} for each in (theirs, ours))
        more = f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''
        raise ValueError(
            f'{path}: made with {old}, but asked for is {new}{more}; remove this file '
            'to make it anew, or choose another folder'
        )


def _fields(value: Any, name: str = '') -> dict[str, Any]:
    """Each single value by its place, such as ``categories[2].name``."""
    if isinstance(value, dict) and value:
        places = [(f'{name}.{key}'.lstrip('.'), item) for key, item in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        places = [(f'{name}[{i}]', item) for i, item in enumerate(value)]
    else:
        return {name: value}
    return {key: v for place, item in places for key, v in _fields(item, place).items()}


def known_entries(finished: Mapping, record: Path, journal: Journal) -> dict[str, dict]:
    """Annotation and ``inputs`` of each png of earlier runs, by its name."""
    inputs = json.loads(record.read_text()) if finished and record.is_file() else {}
    entries = [
        dict(annotation, inputs=inputs.get(annotation['file_name']))
        for annotation in finished.get('annotations', [])
    ]
    return {entry['file_name']: entry for entry in [*entries, *journal.entries]}


def unchanged(
    jobs: Sequence[ImageJob], known: Mapping[str, dict], folder: Path, workers: int
) -> dict[str, dict]:
    """Known entries whose files exist and whose inputs are the same as before."""
    there = [
        job
        for job in jobs
        if known.get(job.png_name, {}).get('inputs')
        and all(path.is_file() for path in (folder / job.png_name, *job.outputs))
    ]
    digests = run_in_order('Comparing inputs', ImageJob.digest, there, workers=workers)
    return {
        job.png_name: known[job.png_name]
        for job, digest in zip(there, digests, strict=True)
        if known[job.png_name]['inputs'] == digest
    }
