"""Read label files as numbers: png, tif, bmp and npy."""

from io import BytesIO
from pathlib import Path

import numpy as np
from mmengine import fileio
from PIL import Image

from mmpisr.datasets.image_file import PNG, any_size, read_head
from mmpisr.datasets.segment_png import PNG_END

INCOMPLETE = 'not a complete png, is it truncated?'
MODES = ('1', 'L', 'P', 'I', 'I;16', 'I;16B', 'F')
COLORS = ('LA', 'RGB', 'RGBA')
EXPECTED = 'labels are whole numbers (height, width) in a png, tif, bmp or npy'


def read_label_file(path: str | Path, *, colors: bool = False) -> np.ndarray:
    """Read grey values of 1 to 32 bit, indices of a palette, RGB, or an array.

    Args:
        path: A png, tif, bmp or npy, also ``zip://``. Alpha must be opaque and is left
            out.
        colors: Return the colours of a palette, not its indices, and grey as RGB.

    Returns:
        Values or indices ``(H, W)``, or channels ``(H, W, 1 or 3)``; int32.

    Raises:
        ValueError: The file is truncated, lossy, or does not hold labels.
    """
    try:
        content = fileio.get(str(path))
        is_array = str(path).lower().endswith('.npy')
        labels = np.load(BytesIO(content)) if is_array else _load(content, colors)
    except (ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f'{path}: {error}') from error
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f'{path}: {INCOMPLETE} ({error})') from error
    channels = labels.shape[2:]
    allowed = [(3,)] if colors else [(), (1,), (3,)]
    if labels.dtype.kind not in 'buif' or labels.ndim < 2 or channels not in allowed:
        raise ValueError(f'{path}: is {labels.dtype} {labels.shape}; {EXPECTED}')
    with np.errstate(invalid='ignore'):
        whole = labels.astype(np.int32)
    if not np.array_equal(whole, labels):
        value = labels[whole != labels][0]
        raise ValueError(f'{path}: value {value} is no number of 32 bit; {EXPECTED}')
    return whole


def read_label_values(path: str | Path) -> np.ndarray:
    """Read a label file as ``(H, W)`` int32; its channels must be equal."""
    labels = read_label_file(path)
    if labels.ndim == 2:
        return labels
    colored = (labels != labels[..., :1]).any(axis=-1)
    if colored.any():
        raise ValueError(
            f'{path}: has {labels.shape[2]} channels, expected class numbers as grey '
            f'values or palette indices; {int(colored.sum())} pixels are not grey, the '
            f'first is {labels[colored][0].tolist()}; is this a picture of the colours?'
        )
    return labels[..., 0]


def refuse_other_size(
    path: str | Path, size: tuple, other: str | Path, other_size: tuple
) -> None:
    """Check that labels have the height and width of what they belong to."""
    if size != other_size:
        raise ValueError(
            f'{path}: is {size} (height, width), but {other} is {other_size}'
        )


def _load(content: bytes, colors: bool) -> np.ndarray:
    """Values or channels of a picture as stored, without its alpha."""
    if content.startswith(PNG) and PNG_END not in content[-64:]:
        raise ValueError(f'{INCOMPLETE} ({len(content)} bytes)')
    with any_size(), Image.open(BytesIO(content)) as image:
        bits = read_head(content).bits
        modes = MODES if bits > 8 else (*MODES, *COLORS)
        if (
            image.format not in ('PNG', 'TIFF', 'BMP')
            or image.mode not in (modes if bits <= 8 or not colors else ())
            or image.info.get('compression') == 'jpeg'
            or getattr(image, 'n_frames', 1) > 1
        ):
            raise ValueError(
                f'is {image.format} {image.mode} of {bits} bits a channel; {EXPECTED}, '
                'one picture a file and never jpeg, which changes them; more than 8 '
                'bits need one channel'
            )
        picture: Image.Image = image
        if colors and image.mode not in ('RGB', 'RGBA'):
            see_through = image.mode == 'LA' or 'transparency' in image.info
            picture = image.convert('RGBA' if see_through else 'RGB')
        labels, mode = np.asarray(picture), picture.mode
    if mode == 'L' and bits in (2, 4):
        return labels // (255 // (2**bits - 1))  # Pillow spreads them over 0 to 255
    if mode not in ('LA', 'RGBA'):
        return labels
    below = int((labels[..., -1] < 255).sum())
    if below:
        raise ValueError(
            f'alpha is below 255 in {below} pixels; where it holds numbers (BDD100K: '
            'blue x 256 + alpha), save these as a 16-bit grey png; where it marks what '
            'has no label, save a void value there'
        )
    return labels[..., :-1]
