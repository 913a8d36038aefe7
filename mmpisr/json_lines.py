"""Files of one json object a line; an interruption can damage the last line only."""

import errno
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
        """Yield offset and content of each whole line; nothing without a file."""
        if not self.path.exists():
            return
        offset = 0
        with open(self.path, 'rb') as file:
            for line in file:
                if line.endswith(b'\n'):
                    yield offset, line
                offset += len(line)

    def append(self, entry: dict) -> None:
        """Write one line, or on a full disk nothing; remove an incomplete last line.

        Raises:
            OSError: Names the file.
        """
        if not self._mended:
            self._mend()
        line = (json.dumps(entry) + '\n').encode()
        size = self.path.stat().st_size
        try:
            with self.path.open('ab', buffering=0) as file:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.truncate(self.path, size)
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def _mend(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        os.truncate(self.path, sum(len(line) for _, line in self))
        self._mended = True
