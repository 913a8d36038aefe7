"""Read a submission's zip file back and collect what a server would refuse."""

import struct
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import cv2
import numpy as np
from terminaltables import AsciiTable

from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.datasets.zip_files import ZipArchive

from .image_list import ListedImage

MAX_KEPT = 50
PNG_START, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'
PNG_HEADER = slice(16, 26)  # width, height, bits of a channel, colour type
COLOURS = {0: 'gray', 2: 'RGB', 3: 'palette', 4: 'gray with alpha', 6: 'RGB with alpha'}
GRAY, RGB = '8-bit gray', '8-bit RGB'


class SubmissionReport:
    """Counts and problems of one zip file, whose members are read for them.

    Args:
        path: The zip file.
        shown: Name of the file in problems, if it is to be renamed.

    Attributes:
        names: The files in the zip file.
        counts: How much of what was found, by name.
        problems: The first messages, ``MAX_KEPT`` at most.
        num_problems: How many problems there are.

    Raises:
        ValueError: It is no complete zip file.
    """

    def __init__(self, path: str | Path, shown: str | Path | None = None) -> None:
        self.path = Path(path)
        self.counts: defaultdict[str, Any] = defaultdict(int)
        self.problems: list[str] = []
        self.num_problems = 0
        self._shown = Path(shown or path).name
        self._archive = ZipArchive(str(path))
        self.names = set(self._archive.members)
        with ZipFile(path) as archive:
            times = Counter(archive.namelist())
        for name in sorted(name for name in times if times[name] > 1):
            self.problem(f'{name} is there more than once')

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return self.num_problems == 0

    def problem(self, message: str) -> None:
        """Add a problem; the message names the field and both values."""
        self.num_problems += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(f'{self._shown}: {message}')

    def table(self) -> str:
        """The counts and whether the file is valid."""
        verdict = 'valid' if self.ok else f'{self.num_problems} problems'
        rows = [[name, str(value)] for name, value in self.counts.items()]
        table = AsciiTable([['what', 'found'], *rows, ['verdict', verdict]])
        table.title = self._shown
        return str(table.table)

    def summary(self) -> str:
        """The problems, one a line."""
        hidden = self.num_problems - len(self.problems)
        more = [f'... and {hidden} more'] if hidden else []
        return '\n'.join([*self.problems, *more])

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None after a problem."""
        try:
            return self._archive.read(name)
        except ValueError as error:
            self.problem(str(error).removeprefix(f'{self.path}: '))
            return None

    def read_png(
        self, name: str, image: ListedImage, *, pixel_type: str
    ) -> np.ndarray | None:
        """Decode a png that must be as large as its image and of a given pixel type.

        Args:
            name: The png's name in the zip file.
            image: The image that the png is of.
            pixel_type: ``GRAY``, for numbers as they are, or ``RGB``, for segment ids.

        Returns:
            Integers ``(H, W)``, or None after a problem.
        """
        content = self.read(name)
        if content is None:
            return None
        try:
            pixels = _decode(content, image, pixel_type)
        except ValueError as error:
            self.problem(f'{name}: {error}')
            return None
        self.counts['pngs'] += 1
        return pixels


def _decode(png: bytes, image: ListedImage, pixel_type: str) -> np.ndarray:
    """Decode a png; its header is compared first, so that no huge one is decoded.

    Raises:
        ValueError: It is no complete png, or of another size or pixel type.
    """
    incomplete = f'not a complete png ({len(png)} bytes), is it truncated?'
    if not (png.startswith(PNG_START) and png.endswith(PNG_END)):
        raise ValueError(incomplete)
    width, height, bits, colour = struct.unpack('>IIBB', png[PNG_HEADER])
    if (height, width) != (image.height, image.width):
        raise ValueError(
            f'it has {height} x {width} pixels (height, width), image {image.id!r} has '
            f'{image.height} x {image.width}'
        )
    found = f'{bits}-bit {COLOURS.get(colour)}'
    if found != pixel_type:
        purpose = 'segment ids' if pixel_type == RGB else 'one channel'
        raise ValueError(f'it is {found}, {purpose} must be in {pixel_type} pixels')
    if pixel_type == RGB:
        return decode_segment_ids(png)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(incomplete)
    return pixels
