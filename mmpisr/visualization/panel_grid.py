"""Rows of titled panels of one size, with a legend and a caption."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.visualization.utils import img_from_canvas

from .panoptic_image import DARK, class_palette

DPI = 100
GAP = 8
TITLE = 34
LINE = 26
LEGEND_ENTRY = 150
USUAL_WIDTH = 1500
LABEL_SIZE = 10  # points
LABEL_RADIUS = 9  # pixels
HALO = (withStroke(linewidth=2.5, foreground='white'),)


class Panel(NamedTuple):
    """A picture with a title; all positions are (x, y) in its pixels."""

    title: str
    pixels: np.ndarray
    """RGB uint8, ``(H, W, 3)``."""
    labels: Sequence[tuple[float, float, str]] = ()
    """x, y and text of names; one that would cover another is left out."""
    boxes: Sequence[Sequence[float]] = ()
    """Dashed boxes (x1, y1, x2, y2)."""
    point: tuple[float, float] | None = None
    """A marked pixel."""


def panel_grid(
    rows: Sequence[Sequence[Panel]],
    *,
    entries: Sequence[Patch] = (),
    caption: str = '',
) -> np.ndarray:
    """Put panels into rows, above a legend and a caption, on white.

    Args:
        rows: At least one panel; all have one size, rows may differ in length.
        entries: Of the legend.
        caption: Broken into lines.

    Returns:
        RGB uint8, ``(H, W, 3)``.
    """
    height, width = rows[0][0].pixels.shape[:2]
    total_width = max(map(len, rows)) * (width + GAP) + GAP
    size = max(1.0, total_width / USUAL_WIDTH)  # of texts: wide figures are shown small
    title, line, entry = (round(v * size) for v in (TITLE, LINE, LEGEND_ENTRY))
    columns = max(1, min(len(entries), total_width // entry))
    legend = line * -(-len(entries) // columns) + GAP if entries else GAP
    texts = textwrap.wrap(caption, max(20, int(total_width / 9.6 / size)))
    top_legend = len(rows) * (title + height)
    total_height = top_legend + legend + line * len(texts)

    figure = new_figure(total_width, total_height)
    axes = figure.add_axes((0, 0, 1, 1))
    for index, row in enumerate(rows):
        top = index * (title + height) + title
        for column, panel in enumerate(row):
            left = GAP + column * (width + GAP)
            below = total_height - top - height
            figure.figimage(panel.pixels, left, below, origin='upper', zorder=-1)
            middle = left + width / 2, top - title / 2
            axes.text(*middle, panel.title, size=15 * size, ha='center', va='center')
            _annotate(axes, panel, left, top, size)
    if entries:
        below = 1 - (top_legend + legend / 2) / total_height
        place = dict(loc='center', bbox_to_anchor=(0.5, below), ncols=columns)
        style = dict(frameon=False, fontsize=12 * size, borderpad=0.2, handlelength=1.4)
        figure.legend(handles=entries, **place, **style)
    for index, text in enumerate(texts):
        at = GAP, top_legend + legend + line * (index + 0.4)
        axes.text(*at, text, size=12 * size, va='center')
    axes.set(xlim=(0, total_width), ylim=(total_height, 0), aspect='auto')
    axes.axis('off')
    return to_pixels(figure)


def _annotate(axes: Axes, panel: Panel, left: float, top: float, size: float) -> None:
    """Names, boxes and the marked pixel of a panel at (left, top)."""
    em, placed = LABEL_SIZE * size * DPI / 72, [(-1e6, 0.0, 0)]
    for x, y, text in panel.labels:
        half = 0.3 * em * len(text)
        x = min(max(x, half), max(half, panel.pixels.shape[1] - half))
        wide = [0.35 * em * (len(text) + other) for _, _, other in placed]
        if all(
            abs(x - px) > reach or abs(y - py) > em
            for reach, (px, py, _) in zip(wide, placed, strict=True)
        ):
            placed.append((x, y, len(text)))
            name = axes.text(left + x, top + y, text, size=LABEL_SIZE * size)
            name.set(ha='center', va='center', path_effects=HALO)
    for x1, y1, x2, y2 in panel.boxes:
        for colour, dash in (('white', '-'), ('black', '--')):
            box = Rectangle((left + x1, top + y1), x2 - x1, y2 - y1, fill=False)
            box.set(edgecolor=colour, linestyle=dash, linewidth=2.5 * size)
            axes.add_patch(box)
    if panel.point is not None:
        x, y = left + panel.point[0], top + panel.point[1]
        for colour, thickness in (('white', 5 * size), ('black', 2 * size)):
            ring = axes.plot(x, y, 'o', ms=12 * size, mfc='none', mec=colour)
            ring[0].set_markeredgewidth(thickness)


def segment_labels(
    panoptic: np.ndarray, meta: Mapping
) -> list[tuple[float, float, str]]:
    """Name of each segment that has room for it, at its widest place, widest first.

    Args:
        panoptic: As it is drawn, mmdet's encoding, ``(H, W)``.
        meta: ``classes``.
    """
    labels = []
    for value in np.unique(panoptic):
        label = value % INSTANCE_OFFSET
        mask = np.pad(panoptic == value, 1).astype(np.uint8)
        room = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[1:-1, 1:-1]
        y, x = np.unravel_index(room.argmax(), room.shape)
        if label < len(meta['classes']) and room[y, x] >= LABEL_RADIUS:
            name = str(meta['classes'][label])
            labels.append((float(room[y, x]), float(x), float(y), name))
    return [label[1:] for label in sorted(labels, reverse=True)]


def legend_entries(maps: Sequence[np.ndarray], meta: Mapping) -> list[Patch]:
    """A patch for each class in any of the maps, in the order of the labels."""
    colours = [tuple(colour / 255) for colour in class_palette(meta)]
    classes = meta['classes']
    found = [np.unique(panoptic) % INSTANCE_OFFSET for panoptic in maps]
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


def scale_entries(colours: str, texts: Sequence[str]) -> list[Patch]:
    """A patch for each text: colours of a colour map at equal steps, lowest first."""
    table = matplotlib.colormaps[colours](np.linspace(0, 1, len(texts)))
    return [
        Patch(facecolor=colour, edgecolor='black', label=text)
        for colour, text in zip(table, texts, strict=True)
    ]


def new_figure(width: int, height: int) -> Figure:
    """Return an empty white figure of so many pixels, without pyplot or a display."""
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def to_pixels(figure: Figure) -> np.ndarray:
    """Render a figure of ``new_figure``, RGB uint8, ``(H, W, 3)``."""
    figure.canvas.draw()
    return img_from_canvas(figure.canvas)
