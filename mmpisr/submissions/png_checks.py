"""What every png of a submission must be."""

from collections.abc import Callable

import numpy as np

from .archive_reader import RGB, ArchiveReader, PngHeader, png_header
from .image_list import ListedImage
from .report import SubmissionReport


def read_png(
    reader: ArchiveReader,
    name: str,
    image: ListedImage,
    report: SubmissionReport,
    *,
    colour: int,
    decode: Callable[[bytes], np.ndarray],
) -> np.ndarray | None:
    """Decode a png that is as large as its image and of the right kind.

    Args:
        reader: The archive.
        name: The png in it.
        image: What it is of.
        report: Gets the problem if there is one.
        colour: ``GRAY`` or ``RGB``, of 8 bits.
        decode: Makes an array of the file's content.

    Returns:
        The array ``(H, W)``, or None after a problem.
    """
    try:
        content = reader.read(name)
        header = png_header(content)
        pixels = decode(content)
    except ValueError as error:
        report.problem(f'{name}: {error}')
        return None
    wanted = PngHeader(image.width, image.height, 8, colour)
    if (header.width, header.height) != (image.width, image.height):
        report.problem(
            f'{name} has {header.height} x {header.width} pixels (height, width), '
            f'image {image.id!r} has {image.height} x {image.width}'
        )
        return None
    if header != wanted:
        purpose = 'segment ids' if colour == RGB else 'one channel'
        report.problem(
            f'{name} is {header.kind}, {purpose} must be in {wanted.kind} pixels'
        )
        return None
    report.count('pngs')
    return pixels
