"""Ways in which people store class and instance pictures, and tables of classes."""

import csv
import json
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from drawn_scenes import Category
from PIL import Image

OPAQUE = 255


def _grey8(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


def _palette(values: np.ndarray) -> Image.Image:
    image = Image.fromarray(values.astype(np.uint8), mode='P')
    colours = np.random.default_rng(0).integers(0, 256, 768)
    image.putpalette(colours.tolist())
    return image


def _three_equal(values: np.ndarray) -> Image.Image:
    return Image.merge('RGB', [_grey8(values)] * 3)


def _grey_alpha(values: np.ndarray) -> Image.Image:
    return Image.merge('LA', [_grey8(values), _opaque(values)])


def _rgba(values: np.ndarray) -> Image.Image:
    return Image.merge('RGBA', [_grey8(values)] * 3 + [_opaque(values)])


def _opaque(values: np.ndarray) -> Image.Image:
    return _grey8(np.full(values.shape, OPAQUE))


def _grey16(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint16))


def _rgb_number(values: np.ndarray) -> Image.Image:
    channels = [values & 255, values >> 8 & 255, values >> 16]
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


CLASS_PICTURES: dict[str, Callable[[np.ndarray], Image.Image]] = {
    'grey, 8 bit': _grey8,
    'grey, 16 bit': _grey16,
    'palette': _palette,
    'three equal channels': _three_equal,
    'grey and alpha': _grey_alpha,
    'rgba': _rgba,
}
INSTANCE_PICTURES = {
    'grey, 8 bit': _grey8,
    'grey, 16 bit': _grey16,
    'rgb number': _rgb_number,
}


def class_table(
    categories: Sequence[Category],
    *,
    delimiter: str = ',',
    encoding: str = 'utf-8',
    blank_lines: bool = False,
    upper: bool = False,
) -> bytes:
    """The csv of the classes as spreadsheets write it."""
    out = StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator='\r\n')
    heading = ['id', 'name', 'isthing']
    writer.writerow([word.upper() for word in heading] if upper else heading)
    for category in categories:
        writer.writerow([category.id, category.name, ['no', 'yes'][category.isthing]])
        if blank_lines:
            out.write('\r\n')
    return out.getvalue().encode(encoding)


def json_table(categories: Sequence[Category]) -> bytes:
    """The same as json."""
    return json.dumps([category._asdict() for category in categories]).encode()


def save(image: Image.Image, path: Path) -> None:
    """Write losslessly, with the folders that are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = dict(lossless=True) if path.suffix.lower() == '.webp' else {}
    image.save(path, **options)
