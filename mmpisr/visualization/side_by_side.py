"""Put several panoptic results of one image next to each other, with a legend."""

from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.visualization.utils import img_from_canvas

from .panoptic_image import (
    DARK,
    MIN_WIDTH,
    class_palette,
    draw_panoptic,
    enlarge,
    enlargement,
)

DPI = 100
GAP = 8
TITLE = 34
LEGEND_ROW = 26
LEGEND_ENTRY = 150


def side_by_side(
    image: np.ndarray,
    maps: Mapping[str, np.ndarray],
    meta: Mapping,
    *,
    min_width: int = MIN_WIDTH,
) -> np.ndarray:
    """Show an image and its panoptic maps in a row, above a legend of their classes.

    Args:
        image: RGB uint8, ``(H, W, 3)``.
        maps: A title and a panoptic map in mmdet's encoding for each further panel,
            ``(H, W)``, such as truth, base, base + PISR.
        meta: ``classes`` and, if there is one, ``palette``.
        min_width: Panels are enlarged by a whole factor to at least this width.

    Returns:
        RGB uint8; save it with ``mmcv.imwrite(picture[..., ::-1], path)``.

    Raises:
        ValueError: A map is not as large as the image.
    """
    factor = enlargement(image.shape[1], min_width)
    panels = {'image': enlarge(image, factor)}
    for title, panoptic in maps.items():
        panels[title] = draw_panoptic(image, panoptic, meta, min_width=min_width)
    height, width = panels['image'].shape[:2]
    total_width = len(panels) * (width + GAP) + GAP
    entries = _legend_entries(maps, meta)
    columns = max(1, min(len(entries), total_width // LEGEND_ENTRY))
    legend_height = LEGEND_ROW * -(-len(entries) // columns) + GAP if entries else GAP

    figure = new_figure(total_width, TITLE + height + legend_height)
    for index, (title, pixels) in enumerate(panels.items()):
        left, top = GAP + index * (width + GAP), legend_height + height
        figure.figimage(pixels, left, legend_height, origin='upper')
        middle = (left + width / 2) / total_width, (top + GAP) / (top + TITLE)
        figure.text(*middle, title, fontsize=15, ha='center')
    if entries:
        figure.legend(
            handles=entries,
            loc='lower center',
            ncols=columns,
            frameon=False,
            fontsize=12,
            borderpad=0.2,
            handlelength=1.4,
        )
    return to_pixels(figure)


def _legend_entries(maps: Mapping[str, np.ndarray], meta: Mapping) -> list[Patch]:
    """A patch for each class in any of the maps, in the order of the labels."""
    colours = [tuple(colour / 255) for colour in class_palette(meta)]
    classes = meta['classes']
    found = [np.unique(panoptic) % INSTANCE_OFFSET for panoptic in maps.values()]
    labels = np.unique(np.concatenate(found)) if found else []
    entries = [
        Patch(facecolor=colours[label], edgecolor='black', label=classes[label])
        for label in labels
        if label < len(classes)
    ]
    if any(label >= len(classes) for label in labels):
        dark = tuple(value / 255 for value in DARK)
        entries.append(Patch(fc=dark, hatch='///', ec='0.6', label='void'))
    return entries


def new_figure(width: int, height: int) -> Figure:
    """Return an empty white figure of so many pixels, without pyplot or a display."""
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def to_pixels(figure: Figure) -> np.ndarray:
    """Render a figure of ``new_figure``, RGB uint8, ``(H, W, 3)``."""
    figure.canvas.draw()
    return img_from_canvas(figure.canvas)
