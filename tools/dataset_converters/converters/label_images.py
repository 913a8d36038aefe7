"""List the images of a folder with their sizes, and say what is left out."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

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

Labels = Path | tuple[int, int] | None
IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.ppm')


def list_images(
    folder: Path,
    suffixes: Sequence[str] = IMAGE_SUFFIXES,
    *,
    exclude: Sequence[Path] = (),
) -> list[Path]:
    """Images below a folder, relative to it, sorted by name; suffixes in any case.

    Links to files and folders are followed, folders in ``exclude`` are not entered.
    What is left out is printed.

    Raises:
        FileNotFoundError: An image is a link to nothing.
    """
    ends, found, left_out = tuple(map(composed, suffixes)), [], defaultdict(list)
    closed = {path.resolve(): 'folders of labels or output' for path in exclude}
    for path, reason in _walk(folder, closed):
        if reason is None and not composed(path.name).endswith(ends):
            reason = 'of another suffix'
        if reason is not None:
            left_out[f'left out of {folder}, {reason}'].append(path)
        elif not path.exists():
            raise FileNotFoundError(f'{path}: links to nothing, {os.readlink(path)}')
        else:
            found.append(path.relative_to(folder))
    report(left_out)
    return sorted(found)


def report(left_out: Mapping[str, Sequence]) -> None:
    """Print each kind of what is left out: how many, what and an example."""
    for kind, examples in left_out.items():
        if examples:
            print(f'{len(examples)} {kind}, e.g. {examples[0]}')


def composed(name: str) -> str:
    """Small letters, with accents as macOS does not write them (NFC)."""
    return normalize('NFC', name).lower()


def _walk(folder: Path, closed: dict[Path, str]) -> Iterator[tuple[Path, str | None]]:
    """Every file, and every folder that is not entered, with the reason."""
    closed = closed | {folder.resolve(): 'a link to a folder above it'}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            is_folder = path.is_dir() if entry.is_symlink() else entry.is_dir()
            if entry.name.startswith('.'):
                yield path, 'hidden'
            elif not is_folder:
                yield path, None
            elif path.resolve() in closed:
                yield path, closed[path.resolve()]
            else:
                yield from _walk(path, closed)


def image_entries(
    folder: Path,
    names: Sequence[Path],
    ids: Sequence[int | str],
    *,
    labels: Sequence[Labels] | None = None,
    orientation: str | None = None,
    workers: int = 1,
) -> list[dict[str, Any]]:
    """COCO image entries in the frame of the labels; only heads of images are read.

    An image with an EXIF orientation has the size of its ``labels`` (file, or height
    and width), and an entry ``orientation``, their frame. Without ``labels``, and
    without an orientation, it has the size of the stored pixels.

    Raises:
        ValueError: A file is no image or too large, or the frame of labels is not
            known (see ``label_frame``), or not the same for all.
    """
    files = list(zip(ids, names, labels or [None] * len(names), strict=True))
    title, work = f'Sizes of images in {folder}', partial(_entry, folder, orientation)
    entries, found = [], defaultdict(list)
    for entry, bits in run_in_order(title, work, files, workers=workers):
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
    for what, images in found.items():
        what = f'an EXIF orientation; labels are {what}' if what in FRAMES else what
        print(f'{folder}: {len(images)} images, e.g. {images[0]}, have {what}')
    return entries


def _entry(
    folder: Path, orientation: str | None, image: tuple[int | str, Path, Labels]
) -> tuple[dict[str, Any], int]:
    """Entry of one image, and its bits of a channel."""
    number, name, label = image
    try:
        with (folder / name).open('rb') as file:
            head = read_head(file)
        size: tuple[int, ...] = head.size
        frame = None
        if head.tag > 1 and label is not None:
            if isinstance(label, tuple):
                size = label
            else:
                size = read_label_file(label).shape[:2]
            frame = label_frame(head, size, orientation, f'of {label}')
    except ValueError as error:
        raise ValueError(f'{folder / name}: {error}') from error
    entry = dict(id=number, file_name=name.as_posix(), height=size[0], width=size[1])
    return entry | (dict(orientation=frame) if frame else {}), head.bits
