"""Files of one json object a line: an interruption tears the last line only."""

import json
import os
from collections.abc import Iterator
from pathlib import Path


class JsonLines:
    """Appends objects and reads them back; keeps nothing in memory.

    Args:
        path: The file; it and its folder are made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mended = False

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Give place and content of each whole line; none where there is no file."""
        if not self.path.exists():
            return
        offset = 0
        with open(self.path, 'rb') as file:
            for line in file:
                if line.endswith(b'\n'):
                    yield offset, line
                offset += len(line)

    def append(self, entry: dict) -> None:
        """Write one line, or on a full disk nothing; cut off a torn line before it.

        Raises:
            OSError: Names the file.
        """
        if not self._mended:
            self._mend()
        line = (json.dumps(entry) + '\n').encode()
        size = self.path.stat().st_size
        try:
            with self.path.open('ab', buffering=0) as file:
                written = file.write(line)
        except OSError as error:
            os.truncate(self.path, size)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        if written != len(line):
            os.truncate(self.path, size)
            raise OSError(f'{self.path}: wrote {written} of {len(line)} bytes')

    def _mend(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        os.truncate(self.path, sum(len(line) for _, line in self))
        self._mended = True
