"""Which images are finished: one line of json each, in a file per process.

A line is written after the files that it names. Whatever stops the process can tear
the last line only; that image counts as not predicted.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmpisr.json_lines import JsonLines


class JournalIndex:
    """Finds the line of each image in the journals of all processes.

    Where several lines are of one image, the last one of the first journal counts. Of
    each image only its id and the line's place are kept.

    Args:
        paths: The journals.

    Raises:
        ValueError: A whole line is no json with ``image_id``.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._places: dict[int | str, tuple[Path, int]] = {}
        for path in reversed(paths):
            for number, (offset, line) in enumerate(JsonLines(path), start=1):
                image_id = _parsed(path, number, line)['image_id']
                self._places[image_id] = path, offset

    def __contains__(self, image_id: int | str) -> bool:
        """Whether an image is finished."""
        return image_id in self._places

    def __len__(self) -> int:
        """How many images are finished."""
        return len(self._places)

    def entry(self, image_id: int | str) -> tuple[Path, dict]:
        """Return the folder of an image's journal, and its line."""
        path, offset = self._places[image_id]
        with open(path, 'rb') as file:
            file.seek(offset)
            return path.parent, json.loads(file.readline())


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        entry['image_id']
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: line {number} is no json with 'image_id': {line[:60]!r}; remove "
            'the folder to start again'
        ) from error
    return entry
