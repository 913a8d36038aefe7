"""Read label files as numbers: png, tif, bmp and npy."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..segment_png import PNG_END

INCOMPLETE = 'not a complete png, is it truncated?'
PNG_START = b'\x89PNG'
FORMATS = ('PNG', 'TIFF', 'BMP')
MODES = ('1', 'L', 'P', 'I', 'I;16', 'I;16L', 'I;16B', 'F', 'LA', 'RGB', 'RGBA')
TIFF_BITS = 258  # its tag of bits per sample
OPAQUE = 255


def read_label_file(path: Path, *, colors: bool = False) -> np.ndarray:
    """Read grey values of 1 to 32 bit, indices of a palette, RGB, or an npy array.

    Args:
        path: A png, tif, bmp or npy. Alpha must be opaque, and is left out.
        colors: Give the colours of a palette, not its indices.

    Returns:
        Values or indices ``(H, W)``, or channels ``(H, W, 3)``; int32.

    Raises:
        ValueError: The file is truncated, lossy, or holds what are no labels.
    """
    labels = _load_npy(path) if path.suffix.lower() == '.npy' else _load(path, colors)
    if (
        labels.dtype.kind not in 'buif'
        or labels.ndim < 2
        or (labels.shape[2:] not in ((), (1,), (3,)))
    ):
        raise ValueError(
            f'{path}: is {labels.dtype} of shape {labels.shape}, expected whole '
            'numbers (height, width)'
        )
    with np.errstate(invalid='ignore'):  # compared below
        whole = labels.astype(np.int32)
    if not np.array_equal(whole, labels):
        y, x, *_ = (int(place[0]) for place in np.nonzero(whole != labels))
        raise ValueError(
            f'{path}: value {labels[y, x]} at (y, x) = ({y}, {x}), expected whole '
            'numbers that fit 32 bits'
        )
    return whole


def read_label_values(path: Path) -> np.ndarray:
    """Like ``read_label_file``, ``(H, W)``; three equal channels are one.

    Raises:
        ValueError: There are colours; says how many pixels have one.
    """
    labels = read_label_file(path)
    if labels.ndim == 2:
        return labels
    colored = (labels != labels[..., :1]).any(axis=-1)
    if colored.any():
        y, x = (int(place[0]) for place in np.nonzero(colored))
        raise ValueError(
            f'{path}: has {labels.shape[2]} channels, expected class numbers as grey '
            'values or palette indices; is this a picture of the colours? '
            f'{int(colored.sum())} pixels are not grey, the first, at (y, x) = '
            f'({y}, {x}), is {labels[y, x].tolist()}'
        )
    return labels[..., 0]


def read_complete_png(path: Path) -> bytes:
    """Give the content of a png; without its last chunk it is a ``ValueError``."""
    content = path.read_bytes()
    if PNG_END not in content[-64:]:
        raise ValueError(f'{path}: {INCOMPLETE} ({len(content)} bytes)')
    return content


def _load(path: Path, colors: bool) -> np.ndarray:
    """Values or channels of a picture, without its alpha."""
    content = path.read_bytes()
    if content.startswith(PNG_START):
        content = read_complete_png(path)
    try:
        with Image.open(BytesIO(content)) as image:
            bits = _bits(content, image)
            _refuse_picture(path, image, bits, colors)
            color = colors and image.mode not in ('LA', 'RGBA')
            labels = np.asarray(image.convert('RGB') if color else image)
    except Image.DecompressionBombError as error:
        raise ValueError(f'{path}: {error}') from error
    except (UnidentifiedImageError, SyntaxError, OSError) as error:
        kind = 'png' if content.startswith(PNG_START) else 'picture'
        raise ValueError(
            f'{path}: not a complete {kind}, is it truncated? ({error})'
        ) from error
    if labels.ndim == 2 and bits in (2, 4) and image.mode == 'L':
        return labels // (255 // (2**bits - 1))  # Pillow spreads them over 0 to 255
    if image.mode in ('LA', 'RGBA'):
        labels = _without_alpha(path, labels)
    return np.repeat(labels, 3, -1) if colors and labels.shape[-1] == 1 else labels


def _bits(content: bytes, image: Image.Image) -> int:
    """Bits of a channel as they are in the file."""
    if image.format == 'PNG':
        return content[24]
    return image.tag_v2.get(TIFF_BITS, (8,))[0] if image.format == 'TIFF' else 8


def _refuse_picture(path: Path, image: Image.Image, bits: int, colors: bool) -> None:
    """Refuse what would not give the numbers that somebody has stored."""
    advice = 'save labels as png, tif or bmp with one channel, or as npy'
    frames = getattr(image, 'n_frames', 1)
    lossy = image.info.get('compression') == 'jpeg'
    if image.format not in FORMATS or lossy:
        raise ValueError(
            f'{path}: is {image.format}{", compressed as jpeg" if lossy else ""}, not '
            f'one of {FORMATS}; jpeg and webp change numbers, so {advice}'
        )
    several = colors or image.mode in ('LA', 'RGB', 'RGBA')
    if image.mode not in MODES or (bits > 8 and several):
        raise ValueError(
            f'{path}: is {image.mode} with {bits} bits a channel; {advice}'
        )
    if frames > 1:
        raise ValueError(f'{path}: has {frames} pictures, not one; {advice}')


def _without_alpha(path: Path, labels: np.ndarray) -> np.ndarray:
    alpha = labels[..., -1]
    seen = alpha != OPAQUE
    if seen.any():
        raise ValueError(
            f'{path}: alpha is not {OPAQUE} in {int(seen.sum())} pixels, the lowest is '
            f'{alpha.min()}. Where alpha holds numbers (BDD100K: blue x 256 + alpha), '
            'save these as a 16-bit grey png; where it marks what is not labelled, '
            'give these pixels a value and name it with --void'
        )
    return labels[..., :-1]


def _load_npy(path: Path) -> np.ndarray:
    try:
        labels = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'{path}: not a complete npy array ({error})') from error
    return labels
