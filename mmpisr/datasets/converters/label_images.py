"""List the images of a folder with their sizes, and say what is left out."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ..image_file import FRAMES, SCALE, SHOWN, STORED, label_frame, read_head
from ..run_in_order import run_in_order
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

    Links to files and folders are followed. What is left out is printed: how many,
    the reason and an example.

    Args:
        folder: Searched with its subfolders.
        suffixes: Ends of the names that count.
        exclude: Folders that are not entered.

    Raises:
        FileNotFoundError: An image is a link to nothing.
    """
    folder, ends = Path(folder), tuple(map(composed, suffixes))
    found, left_out = [], defaultdict(list)
    for path, reason in _walk(
        folder, {p.resolve(): 'folders of labels or output' for p in exclude}
    ):
        if reason is None and composed(path.name).endswith(ends):
            found.append(path.relative_to(folder))
            if path.is_symlink() and not path.exists():
                raise FileNotFoundError(
                    f'{path}: links to nothing, {os.readlink(path)}'
                )
        else:
            left_out[reason or 'of another suffix'].append(str(path))
    for reason, paths in left_out.items():
        print(f'{folder}: {len(paths)} left out, {reason}, the first is {min(paths)!r}')
    return sorted(found)


def composed(name: str) -> str:
    """Small letters, with accents as macOS does not write them (NFC)."""
    return normalize('NFC', name).lower()


def _walk(folder: Path, closed: dict[Path, str]) -> Iterator[tuple[Path, str | None]]:
    """Every file, and every folder that is not entered, with the reason."""
    closed = closed | {folder.resolve(): 'a link to a folder above it'}
    with os.scandir(folder) as entries:
        for entry in entries:
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

    Args:
        folder: Of the images.
        names: Relative to the folder.
        ids: One per image.
        labels: Label file of each image, or their height and width, which count where
            the image has an EXIF orientation. None: those of the stored pixels.
        orientation: Frame of the labels, see ``label_frame``; None = by their sizes.
        workers: Processes.

    Returns:
        Entries; with ``orientation``, the frame, if the image has an EXIF orientation
        and there are ``labels``.

    Raises:
        ValueError: A file is no image or too large, or the frame of labels is not
            known, or not the same for all.
    """
    work = partial(_sized, folder, orientation)
    files = list(zip(names, labels or [None] * len(names), strict=True))
    title = f'Sizes of images in {folder}'
    sized = list(run_in_order(title, work, files, workers=workers))
    _tell(folder, names, sized)
    return [
        dict(id=number, file_name=name.as_posix(), height=height, width=width)
        | (dict(orientation=frame) if frame else {})
        for number, name, ((height, width), frame, _) in zip(
            ids, names, sized, strict=True
        )
    ]


def _sized(
    folder: Path, orientation: str | None, files: tuple[Path, Labels]
) -> tuple[tuple[int, int], str | None, int]:
    """Size in the frame of the labels; the frame, if it matters; bits of a channel."""
    path, label = folder / files[0], files[1]
    try:
        with path.open('rb') as file:
            head = read_head(file)
        if head.tag == 1 or label is None:
            return head.size, None, head.bits
        size = label if isinstance(label, tuple) else read_label_file(label).shape[:2]
        return size, label_frame(head, size, orientation, f'of {label}'), head.bits
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _tell(folder: Path, names: Sequence[Path], sized: Sequence[tuple]) -> None:
    """Report EXIF orientations and deep images; refuse labels in two frames."""
    found: dict[str, list[Path]] = {}
    for name, (_, frame, bits) in zip(names, sized, strict=True):
        if frame:
            found.setdefault(frame, []).append(name)
        if bits > 8:
            found.setdefault(f'more than 8 bits; {SCALE}', []).append(name)
    if STORED in found and SHOWN in found:
        raise ValueError(
            f'{folder}: by their sizes, labels of {found[STORED][0]} are in the frame '
            f'of the stored pixels, of {found[SHOWN][0]} as shown with the EXIF '
            'orientation applied; turn one of them, so that all are in one frame'
        )
    for what, images in found.items():
        what = f'an EXIF orientation; labels are {what}' if what in FRAMES else what
        print(f'{folder}: {len(images)} images, e.g. {images[0]}, have {what}')
