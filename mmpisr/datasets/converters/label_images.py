"""Read label pngs as numbers, and list the images of a folder with their sizes."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..image_file import FRAMES, SCALE, SHOWN, STORED, any_size, label_frame, read_head
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
        with any_size(), Image.open(BytesIO(read_complete_png(path))) as image:
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
    folder: Path,
    names: Sequence[Path],
    ids: Sequence[int | str],
    *,
    labels: Sequence[Path | None] | None = None,
    orientation: str | None = None,
    workers: int = 1,
) -> list[dict[str, Any]]:
    """COCO image entries in the frame of the labels; only heads of images are read.

    Args:
        folder: Of the images.
        names: Relative to the folder.
        ids: One per image.
        labels: Label png of each image, read where the image has an EXIF orientation.
            None: sizes are those of the stored pixels.
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
    folder: Path, orientation: str | None, files: tuple[Path, Path | None]
) -> tuple[tuple[int, int], str | None, int]:
    """Size in the frame of the labels; the frame, if it matters; bits of a channel."""
    path, label = folder / files[0], files[1]
    try:
        with path.open('rb') as file:
            head = read_head(file)
        if head.tag == 1 or label is None:
            return head.size, None, head.bits
        size = read_label_png(label).shape[:2]
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
