"""List the images of a folder with their sizes, and say what is left out."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

from PIL import Image, UnidentifiedImageError

from ..run_in_order import run_in_order

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
    folder: Path, names: Sequence[Path], ids: Sequence[int | str], *, workers: int = 1
) -> list[dict[str, Any]]:
    """COCO image entries; only the heads of the files are read.

    Args:
        folder: Of the images.
        names: Relative to the folder.
        ids: One per image.
        workers: Processes.

    Raises:
        ValueError: A file is no image.
    """
    sizes = run_in_order(
        f'Sizes of images in {folder}',
        partial(_size, folder),
        names,
        workers=workers,
    )
    return [
        dict(id=number, file_name=name.as_posix(), height=height, width=width)
        for number, name, (height, width) in zip(ids, names, sizes, strict=True)
    ]


def _size(folder: Path, name: Path) -> tuple[int, int]:
    """Height and width, pixels."""
    try:
        with Image.open(folder / name) as image:
            return image.height, image.width
    except (UnidentifiedImageError, SyntaxError) as error:
        raise ValueError(f'{folder / name}: not an image ({error})') from error
