"""Check the text files and masks of an instance-level archive."""

import math
import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from .archive_reader import GRAY, ArchiveReader, decode_gray
from .image_list import ListedImage
from .png_checks import read_png
from .report import SubmissionReport

FORMAT = 'relative/mask.png labelID confidence'


class Line(NamedTuple):
    """One prediction: the mask's place in the archive, its label and confidence."""

    mask: str
    label_id: int
    confidence: float


def check_instances(
    reader: ArchiveReader,
    report: SubmissionReport,
    *,
    frames: Mapping[str, ListedImage],
    thing_ids: set[int],
) -> None:
    """Report what cityscapesScripts' evaluator would refuse or misread.

    Args:
        reader: The archive.
        report: Gets counts and problems.
        frames: The images by their frame; each must have one text file.
        thing_ids: Labels that a mask may have.
    """
    texts = sorted(name for name in reader.names if name.endswith('.txt'))
    used: set[str] = set()
    for frame, image in frames.items():
        own = [name for name in texts if posixpath.basename(name).startswith(frame)]
        used.update(own)
        if len(own) != 1:
            report.problem(
                f'image {image.id!r} has {len(own)} text files {own}, not 1 named '
                f'{frame}*.txt'
            )
            continue
        report.count('images')
        used |= _check_text(reader, report, own[0], image, thing_ids)
    unused = sorted(reader.names - used)
    if unused:
        report.problem(
            f'{len(unused)} files are named by no text file of the list, the first is '
            f'{unused[0]}'
        )


def _check_text(
    reader: ArchiveReader,
    report: SubmissionReport,
    name: str,
    image: ListedImage,
    thing_ids: set[int],
) -> set[str]:
    """Check one text file and its masks; return the masks that it names."""
    masks: set[str] = set()
    try:
        lines = reader.read(name).decode().splitlines()
    except ValueError as error:
        report.problem(f'{name}: {error}')
        return masks
    for number, text in enumerate(lines, start=1):
        where = f'{name} line {number}'
        try:
            line = parse_line(text, posixpath.dirname(name))
        except ValueError as error:
            report.problem(f'{where}: {error}')
            continue
        report.count('instances')
        if line.label_id not in thing_ids:
            report.problem(
                f'{where}: label id {line.label_id} is no thing, things are '
                f'{sorted(thing_ids)}'
            )
        if line.mask in masks:
            report.problem(f'{where}: mask {line.mask} is named a second time')
        elif line.mask not in reader.names:
            report.problem(f'{where}: mask {line.mask} is not in the archive')
        else:
            read_png(reader, line.mask, image, report, colour=GRAY, decode=decode_gray)
        masks.add(line.mask)
    return masks


def parse_line(text: str, folder: str) -> Line:
    """Read one line of a text file.

    Args:
        text: Mask, label id and confidence, one blank between them.
        folder: Where in the archive the text file is; masks are relative to it.

    Raises:
        ValueError: Says what is wrong with the line.
    """
    fields = text.split(' ')
    if len(fields) != len(FORMAT.split(' ')):
        raise ValueError(f'{text!r} has {len(fields)} fields, not 3: {FORMAT}')
    path = posixpath.normpath(posixpath.join(folder, fields[0]))
    if posixpath.isabs(fields[0]) or path.startswith('..'):
        raise ValueError(f'mask {fields[0]!r} is outside the archive')
    try:
        label_id, confidence = int(fields[1]), float(fields[2])
    except ValueError as error:
        raise ValueError(f'{text!r} is not "{FORMAT}" ({error})') from error
    if not math.isfinite(confidence):
        raise ValueError(f'confidence {fields[2]!r} is not finite')
    return Line(path, label_id, confidence)
