"""Draw one panoptic map over its image."""

import colorsys
from collections.abc import Mapping

import cv2
import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET

MIN_WIDTH = 480
HATCH_PERIOD = 12
DARK, GREY = (40, 40, 40), (95, 95, 95)
GOLDEN_RATIO = 0.618033988749895


def draw_panoptic(
    image: np.ndarray,
    panoptic: np.ndarray,
    meta: Mapping,
    *,
    alpha: float = 0.75,
    min_width: int = MIN_WIDTH,
) -> np.ndarray:
    """Colour segments by class, shade instances, outline all of them, hatch void.

    Args:
        image: RGB uint8, ``(H, W, 3)``.
        panoptic: mmdet's encoding, void = number of classes, ``(H, W)``.
        meta: ``classes`` and, if there is one, ``palette``.
        alpha: Share of the colours, the rest is the image.
        min_width: Smaller pictures are enlarged by a whole factor to at least this.

    Returns:
        RGB uint8, ``(H * factor, W * factor, 3)``.

    Raises:
        ValueError: Image and map differ in size.
    """
    if image.shape[:2] != panoptic.shape:
        raise ValueError(
            f'the image has {image.shape[:2]} pixels (height, width), the panoptic map '
            f'{panoptic.shape}'
        )
    factor = enlargement(panoptic.shape[1], min_width)
    panoptic = enlarge(panoptic, factor)
    colours = _colours(panoptic, class_palette(meta))
    canvas = alpha * colours + (1 - alpha) * enlarge(image, factor)
    inner, outer = _boundaries(panoptic)
    canvas[outer] = 0
    canvas[inner] = 255
    return canvas.round().astype(np.uint8)


def enlargement(width: int, min_width: int = MIN_WIDTH) -> int:
    """Smallest whole factor that makes the width at least ``min_width``."""
    return max(1, -(-min_width // width))


def enlarge(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Repeat every pixel ``factor`` times in both directions, ``(H, W, ...)``."""
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def class_palette(meta: Mapping) -> np.ndarray:
    """Colours of a dataset's classes.

    Args:
        meta: ``classes`` and, as RGB in 0-255, ``palette``; anything but one colour per
            class (mmdet also allows a name) is replaced by hues that differ.

    Returns:
        ``(N, 3)`` uint8.
    """
    count = len(meta['classes'])
    palette = meta.get('palette')
    if palette is not None and not isinstance(palette, str) and len(palette) == count:
        return np.asarray(palette, dtype=np.uint8).reshape(count, 3)
    hues = (np.arange(count) * GOLDEN_RATIO) % 1
    colours = [
        colorsys.hsv_to_rgb(hue, 0.55 + 0.4 * (i % 2), 0.95 - 0.3 * (i % 3 == 2))
        for i, hue in enumerate(hues)
    ]
    return np.round(np.reshape(colours, (count, 3)) * 255).astype(np.uint8)


def shade(
    colour: np.ndarray, instance: int, *, reach: float = float('inf')
) -> np.ndarray:
    """Lighten or darken a class's colour for one instance; 0 (stuff) keeps it.

    Args:
        colour: RGB in 0-255, ``(3,)``.
        instance: Number of the instance in its image. Neighbouring numbers differ most.
        reach: Largest CIELAB distance from the class's colour, see :func:`reaches`.

    Returns:
        RGB in 0-255, float, ``(3,)``.
    """
    colour = np.asarray(colour, dtype=np.float64)
    if instance == 0:
        return colour
    mix = ((instance * GOLDEN_RATIO) % 1 - 0.5) * 0.9  # -0.45 darkest, 0.45 lightest
    end = 255.0 if mix > 0 else 0.0
    steps = abs(mix) * np.linspace(1, 0, 10)[:, None]
    shades = colour + steps * (end - colour)  # from the strongest to none
    near = np.linalg.norm(_lab(shades) - _lab(colour[None]), axis=1) <= reach
    return shades[near.argmax()] if near.any() else colour


def reaches(palette: np.ndarray) -> np.ndarray:
    """How far the shades of each class may go without looking like another class.

    Args:
        palette: RGB in 0-255, ``(N, 3)``.

    Returns:
        CIELAB distances, 0.45 of that to the nearest other class, ``(N,)``.
    """
    lab = _lab(palette)
    distances = np.linalg.norm(lab[:, None] - lab, axis=2)  # (N, N)
    np.fill_diagonal(distances, np.inf)
    return 0.45 * distances.min(axis=1, initial=np.inf)


def _lab(colours: np.ndarray) -> np.ndarray:
    """CIELAB of RGB colours in 0-255, ``(M, 3)``."""
    pixels = np.asarray(colours, np.float32)[None] / 255
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]


def _colours(panoptic: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Colour of every pixel, float, ``(H, W, 3)``."""
    values, places = np.unique(panoptic, return_inverse=True)
    labels, instances = values % INSTANCE_OFFSET, values // INSTANCE_OFFSET
    reach = reaches(palette)
    table = np.array(
        [
            shade(palette[label], instance, reach=reach[label])
            if label < len(palette)
            else DARK
            for label, instance in zip(labels, instances, strict=True)
        ]
    )
    canvas = table[places.reshape(panoptic.shape)].astype(np.float64)
    void = panoptic % INSTANCE_OFFSET >= len(palette)
    canvas[stripes(panoptic.shape) & void] = GREY
    return canvas


def stripes(shape: tuple[int, ...], *, falling: bool = False) -> np.ndarray:
    """Diagonal stripes, rising or falling to the right, bool, ``(H, W)``."""
    rows, cols = np.indices(shape, sparse=True)
    phase = rows - cols if falling else rows + cols
    return phase % HATCH_PERIOD < HATCH_PERIOD // 4


def _boundaries(panoptic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels whose right or lower neighbour is another segment, and a rim to them."""
    inner = np.zeros(panoptic.shape, dtype=bool)
    inner[:, :-1] |= panoptic[:, :-1] != panoptic[:, 1:]
    inner[:-1] |= panoptic[:-1] != panoptic[1:]
    rim = inner.copy()
    rim[1:] |= inner[:-1]
    rim[:, 1:] |= inner[:, :-1]
    return inner, rim
