"""Make the entries of images for a COCO json."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmpisr.datasets.image_file import (
    FRAMES,
    SCALE,
    SHOWN,
    STORED,
    label_frame,
    read_head,
)
from mmpisr.datasets.run_in_order import run_in_order

from .label_files import read_label_file

Image = tuple[int | str, Path, Any]  # id, name, labels: file, (height, width), None


def image_entries(
    folder: Path,
    images: Sequence[Image],
    *,
    orientation: str | None = None,
    workers: int = 1,
) -> list[dict[str, Any]]:
    """Make COCO image entries in the frame of the labels; no pixels are read.

    An image with an EXIF orientation gets the size of its labels (file, or height and
    width) and an entry ``orientation``, their frame. Otherwise it gets the size of the
    stored pixels.

    Args:
        folder: Of the images.
        images: Id, name below the folder, and labels of each, if any.
        orientation: Frame of the labels, if it is stated.
        workers: Processes.

    Raises:
        ValueError: A file is no image or too large, or the frame of labels is not
            known (see ``label_frame``), or not the same for all.
    """
    title, work = f'Sizes of images in {folder}', partial(_entry, folder, orientation)
    entries, found = [], defaultdict(list)
    for entry, bits in run_in_order(title, work, images, workers=workers):
        entries.append(entry)
        if 'orientation' in entry:
            found[entry['orientation']].append(entry['file_name'])
        if bits > 8:
            found[f'more than 8 bits; {SCALE}'].append(entry['file_name'])
    if STORED in found and SHOWN in found:
        raise ValueError(
            f'{folder}: by their sizes, labels of {found[STORED][0]} are in the frame '
            f'of the stored pixels, of {found[SHOWN][0]} as shown with the EXIF '
            'orientation applied; turn one of them, so that all are in one frame'
        )
    for what, names in found.items():
        what = f'an EXIF orientation; labels are {what}' if what in FRAMES else what
        print(f'{folder}: {len(names)} images, e.g. {names[0]}, have {what}')
    return entries


def _entry(
    folder: Path, orientation: str | None, image: Image
) -> tuple[dict[str, Any], int]:
    """Entry of one image, and its bits per channel."""
    number, name, labels = image
    try:
        with (folder / name).open('rb') as file:
            head = read_head(file)
        size, frame = head.size, None
        if head.tag > 1 and labels is not None:
            is_file = isinstance(labels, Path)
            size = read_label_file(labels).shape[:2] if is_file else labels
            frame = label_frame(head, size, orientation, f'of {labels}')
    except ValueError as error:
        raise ValueError(f'{folder / name}: {error}') from error
    entry = dict(id=number, file_name=name.as_posix(), height=size[0], width=size[1])
    return entry | (dict(orientation=frame) if frame else {}), head.bits
