"""Read label pngs as numbers, and list the images of a folder with their sizes."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..run_in_order import run_in_order
from ..segment_png import PNG_END

INCOMPLETE = 'not a complete png, is it truncated?'
IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp')


def read_label_png(path: Path) -> np.ndarray:
    """Read a png of labels: grey of 8 or 16 bit, indices of a palette, or RGB.

    Args:
        path: The png.

    Returns:
        Grey values or indices ``(H, W)``, or channels ``(H, W, 3)``; int32.

    Raises:
        ValueError: The png is truncated or no image at all.
    """
    try:
        with Image.open(BytesIO(read_complete_png(path))) as image:
            labels = np.asarray(image).astype(np.int32)
    except (UnidentifiedImageError, SyntaxError, OSError) as error:
        raise ValueError(f'{path}: {INCOMPLETE} ({error})') from error
    return labels[..., :3] if labels.ndim == 3 else labels


def read_complete_png(path: Path) -> bytes:
    """Give the content of a png; without its last chunk it is a ``ValueError``."""
    content = path.read_bytes()
    if PNG_END not in content[-64:]:
        raise ValueError(f'{path}: {INCOMPLETE} ({len(content)} bytes)')
    return content


def read_grey_png(path: Path) -> np.ndarray:
    """Like ``read_label_png``, ``(H, W)``; colours are an error that says so."""
    labels = read_label_png(path)
    if labels.ndim != 2:
        raise ValueError(
            f'{path}: has {labels.shape[2]} channels, expected class numbers as grey '
            'values or palette indices; is this a picture of the colours?'
        )
    return labels


def list_images(folder: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> list[Path]:
    """Images below a folder, relative to it, sorted by name; suffixes in any case."""
    return sorted(
        path.relative_to(folder)
        for path in folder.rglob('*')
        if path.name.lower().endswith(tuple(suffixes)) and not path.name.startswith('.')
    )


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
