"""Draw one panoptic map over its image."""

from collections.abc import Mapping

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET

from .palette import class_palette, shade

MIN_WIDTH = 480
HATCH_PERIOD = 12
DARK, GREY = (40, 40, 40), (95, 95, 95)


def draw_panoptic(
    image: np.ndarray | None,
    panoptic: np.ndarray,
    meta: Mapping,
    *,
    alpha: float = 0.75,
    min_width: int = MIN_WIDTH,
) -> np.ndarray:
    """Colour segments by class, shade instances, outline all of them, hatch void.

    Args:
        image: RGB uint8, ``(H, W, 3)``; ``None`` draws the colours alone.
        panoptic: mmdet's encoding, void = number of classes, ``(H, W)``.
        meta: ``classes`` and, if there is one, ``palette``.
        alpha: Share of the colours, the rest is the image.
        min_width: Smaller pictures are enlarged by a whole factor to at least this.

    Returns:
        RGB uint8, ``(H * factor, W * factor, 3)``.

    Raises:
        ValueError: Image and map differ in size.
    """
    if image is not None and image.shape[:2] != panoptic.shape:
        raise ValueError(
            f'the image has {image.shape[:2]} pixels (height, width), the panoptic map '
            f'{panoptic.shape}'
        )
    factor = enlargement(panoptic.shape[1], min_width)
    panoptic = enlarge(panoptic, factor)
    canvas = _colours(panoptic, class_palette(meta))
    if image is not None:
        shown = enlarge(image, factor)
        canvas = alpha * canvas + (1 - alpha) * shown
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


def _colours(panoptic: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Colour of every pixel, float, ``(H, W, 3)``."""
    values, places = np.unique(panoptic, return_inverse=True)
    labels, instances = values % INSTANCE_OFFSET, values // INSTANCE_OFFSET
    table = np.array(
        [
            shade(palette[label], instance) if label < len(palette) else DARK
            for label, instance in zip(labels, instances, strict=True)
        ]
    )
    canvas = table[places.reshape(panoptic.shape)].astype(np.float64)
    rows, cols = np.indices(panoptic.shape, sparse=True)
    stripes = (rows + cols) % HATCH_PERIOD < HATCH_PERIOD // 4
    canvas[stripes & (panoptic % INSTANCE_OFFSET >= len(palette))] = GREY
    return canvas


def _boundaries(panoptic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels whose right or lower neighbour is another segment, and a rim to them."""
    inner = np.zeros(panoptic.shape, dtype=bool)
    inner[:, :-1] |= panoptic[:, :-1] != panoptic[:, 1:]
    inner[:-1] |= panoptic[:-1] != panoptic[1:]
    rim = inner.copy()
    rim[1:] |= inner[:-1]
    rim[:, 1:] |= inner[:, :-1]
    return inner, rim
