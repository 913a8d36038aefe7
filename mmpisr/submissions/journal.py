"""Which images are finished: one line of json each, in a file per process.

A line is written after the files that it names. Whatever stops the process can tear
the last line only; that image counts as not predicted.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO


class Journal:
    """Appends lines; keeps nothing in memory.

    Args:
        path: The file; it and its folder are made with the first line. A torn last
            line of an earlier run is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def append(self, entry: dict) -> None:
        """Write one line and hand it to the operating system."""
        if self._file is None:
            self._file = self._open()
        self._file.write(json.dumps(entry).encode() + b'\n')
        self._file.flush()

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, 'ab')  # noqa: SIM115
        whole = sum(len(line) for _, line in _whole_lines(self.path))
        file.truncate(whole)
        return file


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
            for number, (offset, line) in enumerate(_whole_lines(path), start=1):
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


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Place and content of each line that ends; none where there is no file."""
    if not path.exists():
        return
    offset = 0
    with open(path, 'rb') as file:
        for line in file:
            if line.endswith(b'\n'):
                yield offset, line
            offset += len(line)


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
