"""Zip files whose bytes depend on their content only."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

BEGINNING_OF_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold
READABLE = 0o100644 << 16
UNIX = 3
COMPRESSED = ('.png', '.jpg')


class ZipWriter:
    """Adds members with a fixed time and mode; pngs are stored, the rest deflated.

    Args:
        path: The file to write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator['ZipWriter']:
        """Give a writer for a file, closed at the end."""
        writer = cls(path)
        with zipfile.ZipFile(path, 'w', allowZip64=True) as writer._zip:
            yield writer

    def add_file(self, name: str, source: Path) -> None:
        """Copy a file."""
        self._zip.writestr(_member(name), source.read_bytes())

    def add_text(self, name: str, pieces: Iterable[str]) -> None:
        """Write a member piece by piece: they are never in memory together."""
        with self._zip.open(_member(name), 'w', force_zip64=True) as member:
            for piece in pieces:
                member.write(piece.encode())


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, BEGINNING_OF_TIME)
    stored = name.endswith(COMPRESSED)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    info.external_attr = READABLE
    info.create_system = UNIX
    return info
