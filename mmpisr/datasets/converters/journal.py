"""What has been converted so far, one line per image, so that a run can be resumed."""

import json
import os
from pathlib import Path
from typing import Any

from mmpisr.files import write_atomically

Key = dict[str, Any]


class Journal:
    """A json-lines file: a heading that says what is made, then a line per image.

    A last line that was cut off by an interruption is dropped.

    Args:
        path: The file, which need not exist.
        heading: What decides the output; a journal with another one is refused.

    Raises:
        ValueError: The journal was started for something else; both are named.
    """

    def __init__(self, path: Path, *, heading: Key) -> None:
        self.path = path
        self.heading = json.loads(json.dumps(heading))  # as read back: no tuples
        self.entries: list[dict] = self._read()

    def _read(self) -> list[dict]:
        if not self.path.is_file():
            return []
        lines = []
        for line in self.path.read_bytes().split(b'\n'):
            try:
                lines.append(json.loads(line))
            except (json.JSONDecodeError, UnicodeDecodeError):
                break
        if not lines:
            return []
        refuse_other(self.path, found=lines[0], asked=self.heading)
        return lines[1:]

    def start(self) -> None:
        """Write the heading and the entries that were read, without a cut last line."""
        lines = [self.heading, *self.entries]
        write_atomically(self.path, ''.join(json.dumps(line) + '\n' for line in lines))

    def add(self, entry: dict) -> None:
        """Append one image; on a full disk nothing of it stays."""
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
        self.entries.append(entry)

    def remove(self) -> None:
        """Forget it all: the split is finished."""
        self.path.unlink(missing_ok=True)


def refuse_other(path: Path, *, found: Key, asked: Key) -> None:
    """Refuse what was made or begun with other settings or images.

    Raises:
        ValueError: Naming the file, the fields that differ and both values.
    """
    if found == asked:
        return
    fields = [key for key in asked if found.get(key) != asked[key]]
    theirs = {key: found.get(key) for key in fields}
    raise ValueError(
        f'{path}: made with {theirs}, but asked for is '
        f'{ {key: asked[key] for key in fields} }; remove this file, or choose another '
        'folder'
    )
