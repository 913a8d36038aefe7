"""Colours for classes and shades for their instances."""

import colorsys
from collections.abc import Mapping

import numpy as np

GOLDEN_RATIO = 0.618033988749895


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


def shade(colour: np.ndarray, instance: int) -> np.ndarray:
    """Lighten or darken a class's colour for one instance; 0 (stuff) keeps it.

    Args:
        colour: RGB in 0-255, ``(3,)``.
        instance: Number of the instance in its image. Neighbouring numbers differ most.

    Returns:
        RGB in 0-255, float, ``(3,)``.
    """
    colour = np.asarray(colour, dtype=np.float64)
    if instance == 0:
        return colour
    mix = ((instance * GOLDEN_RATIO) % 1 - 0.5) * 0.9  # -0.45 darkest, 0.45 lightest
    return colour + mix * (255 - colour) if mix > 0 else colour * (1 + mix)
