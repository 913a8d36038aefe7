"""What has been converted so far, one line per image, so that a run can be resumed."""

import json
from pathlib import Path
from typing import Any

from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

Key = dict[str, Any]


class Journal:
    """A heading that says what is made, then a line per image.

    Args:
        path: The file, which need not exist.
        heading: What decides the output; a journal with another one is refused.

    Raises:
        ValueError: The journal was started for something else; both are named.
    """

    def __init__(self, path: Path, *, heading: Key) -> None:
        self.path = path
        self.heading = json.loads(json.dumps(heading))  # as read back: no tuples
        self._lines = JsonLines(path)
        found, *self.entries = [json.loads(line) for _, line in self._lines] or [None]
        if found is not None:
            refuse_other(path, found=found, asked=self.heading)

    def start(self) -> None:
        """Write the heading and the entries that count, and nothing else."""
        lines = [self.heading, *self.entries]
        write_atomically(self.path, ''.join(json.dumps(line) + '\n' for line in lines))

    def add(self, entry: dict) -> None:
        """Append one image; on a full disk nothing of it stays."""
        self._lines.append(entry)
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
