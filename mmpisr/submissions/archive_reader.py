"""Read a submission's zip file back."""

import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

PNG_START = b'\x89PNG\r\n\x1a\n'
PNG_END = b'IEND\xaeB`\x82'
GRAY, RGB = 0, 2
COLOURS = {
    0: 'gray',
    2: 'RGB',
    3: 'palette',
    4: 'gray with alpha',
    6: 'RGB with alpha',
}


class PngHeader(NamedTuple):
    """Size in pixels, bits per channel and kind of colour, as the file says them."""

    width: int
    height: int
    depth: int
    colour: int

    @property
    def kind(self) -> str:
        """Bits and kind of colour in words."""
        return f'{self.depth}-bit {COLOURS.get(self.colour, self.colour)}'


class ArchiveReader:
    """The members of a zip file.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: It does not exist.
        ValueError: It is no complete zip file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise ValueError(
                f'{path}: no complete zip file ({error}), is it truncated?'
            ) from error
        members = [info.filename for info in self._zip.infolist() if not info.is_dir()]
        self.names = set(members)
        self.doubled = sorted(n for n, times in Counter(members).items() if times > 1)

    def read(self, name: str) -> bytes:
        """Return a member's content.

        Raises:
            ValueError: It is damaged.
        """
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise ValueError(f'{name} is damaged in the archive ({error})') from error

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def png_header(content: bytes) -> PngHeader:
    """Read what a png says of itself.

    Raises:
        ValueError: It is no complete png.
    """
    if not content.startswith(PNG_START) or not content.endswith(PNG_END):
        raise ValueError(f'not a complete png ({len(content)} bytes), is it truncated?')
    return PngHeader(*struct.unpack('>IIBB', content[16:26]))


def decode_gray(content: bytes) -> np.ndarray:
    """Decode a png of one channel, ``(H, W)``.

    Raises:
        ValueError: It cannot be decoded.
    """
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(f'not a complete png ({len(content)} bytes), is it truncated?')
    return pixels
