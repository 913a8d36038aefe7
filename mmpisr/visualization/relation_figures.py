"""The paper's figures of one image: heatmaps, differences, slots, dependence.

All give RGB uint8, ``(H, W, 3)``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from .examined_image import ExaminedImage
from .panel_grid import (
    Panel,
    legend_entries,
    new_figure,
    panel_grid,
    scale_entries,
    to_pixels,
)
from .segment_matching import differing_boxes, match_instances
from .side_by_side import ImagePanels

HEAT, CHANGE = 'inferno', 'PuOr_r'
FOR, AGAINST = '#b35806', '#542788'
CLASS, CENTER = (0, 114, 178), (255, 150, 0)
VALUES = scale_entries(HEAT, [f'value {v}' for v in (0, 0.25, 0.5, 0.75, 1)])
CHANGES = scale_entries(CHANGE, ['against the class', 'no change', 'for the class'])
NUM_CLASSES, NUM_SLOTS, NUM_BARS, COLUMNS = 3, 7, 8, 4


def class_figure(
    shown: ExaminedImage, classes: Sequence[str] | None = None
) -> np.ndarray:
    """Probability of classes before and after the relation (Fig. 4), a column a class.

    Args:
        shown: Of a model with a relation.
        classes: Names; None: the three whose probability the final stage changes most,
            by the mean absolute change over pixels.

    Raises:
        ValueError: There is no such class, or see ``ExaminedImage.maps``.
    """
    maps, panels = shown.maps, _panels(shown)
    change = (maps.after - maps.before).abs().mean(dim=(1, 2))
    chosen = change.argsort(descending=True)[:NUM_CLASSES].tolist()
    if classes is not None:
        chosen = [_index(name, shown.names) for name in classes]
    rows = [[panels.plain()], [panels.segments('prediction', shown.panoptic)]]
    for row, when, probs in zip(rows, ('before', 'after'), maps[:2], strict=True):
        heats = zip(chosen, shown.in_image(probs[chosen]), strict=True)
        row += [panels.heat(f'{shown.names[c]}: {when}', h, HEAT) for c, h in heats]
    caption = (
        'Values: probability of a class, in the intermediate prediction (before the '
        'relation) and in the final prediction (after the relation).'
    )
    entries = [*VALUES, *legend_entries([shown.panoptic], shown.meta)]
    return panel_grid(rows, entries=entries, caption=caption)


def center_figure(
    models: Mapping[str, ExaminedImage], name: str | None = None
) -> np.ndarray:
    """Heatmaps of a class and of centres over each other, by model (Fig. 5).

    Args:
        models: Predictions of one image by Panoptic-DeepLabs, by name.
        name: The class; None: the thing class of most pixels in the first prediction,
            or class 0 if there is none.

    Raises:
        ValueError: There is no such class, or a model predicts no centres.
    """
    first = next(iter(models.values()))
    classes, panels = first.meta['classes'], _panels(first)
    things = first.panoptic[first.panoptic >= INSTANCE_OFFSET] % INSTANCE_OFFSET
    label = int(np.bincount(things, minlength=1).argmax())
    if name is not None:
        label = _index(name, classes)
    row = [panels.plain()]
    for model, shown in models.items():
        probs, center = shown.class_and_center(label)
        canvas = panels.image.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.4 + 140
        for share, colour in ((probs, CLASS), (probs * center, CENTER)):
            share = 0.9 * panels.fit(share).clip(0, 1)[..., None]
            canvas = (1 - share) * canvas + share * np.array(colour)
        row.append(Panel(f'{model}: {classes[label]}', canvas.astype(np.uint8)))
    matched = match_instances([shown.panoptic for shown in models.values()])
    for model, panoptic in zip(models, matched, strict=True):
        count = (np.unique(panoptic) % INSTANCE_OFFSET == label).sum()
        title = f'{model}: {classes[label]} × {count}'
        row.append(panels.segments(title, panoptic))
    caption = (
        'Blue: final probability of the class. Orange: centre map where the class is '
        'probable; each spot is a centre. ×: how many segments of the class there are.'
    )
    entries = legend_entries(matched, first.meta)
    return panel_grid([row], entries=entries, caption=caption)


def difference_figure(models: Mapping[str, ExaminedImage]) -> np.ndarray:
    """Predictions of two models, with boxes where they differ most (Figs. 6 and 7).

    Args:
        models: Predictions of one image, by name; :func:`differing_boxes` defines the
            measure.
    """
    first = next(iter(models.values()))
    panels = _panels(first)
    matched = match_instances([shown.panoptic for shown in models.values()])
    boxes = differing_boxes(*matched)
    drawn = np.array(boxes).reshape(-1, 4) * panels.factor / panels.step
    row = [panels.segments(*named) for named in zip(models, matched, strict=True)]
    row = [panel._replace(boxes=drawn) for panel in (panels.plain(), *row)]
    caption = (
        f'Class or instance differ at {(matched[0] != matched[1]).mean():.1%} of the '
        f'pixels. Boxes: the largest differing regions ({len(boxes)}).'
    )
    entries = legend_entries(matched, first.meta)
    return panel_grid([row], entries=entries, caption=caption)


def slot_figure(shown: ExaminedImage) -> np.ndarray:
    """The best instance slots that the relation reads, with their reweighting scores.

    Raises:
        ValueError: See ``ExaminedImage.maps``.
    """
    panels, scores = _panels(shown), shown.maps.scores
    row = [panels.plain()]
    for index, slot in enumerate(shown.in_image(shown.maps.slots[:NUM_SLOTS])):
        score = '' if scores is None else f': score {scores[index]:.2f}'
        row.append(panels.heat(f'slot {index + 1}{score}', slot, HEAT))
    rows = [row[i : i + COLUMNS] for i in range(0, len(row), COLUMNS)]
    caption = (
        'Values: heatmaps of the instance slots that the relation reads, the most '
        'certain first. A low reweighting score makes the relation ignore a slot.'
    )
    return panel_grid(rows, entries=VALUES, caption=caption)


def pixel_figure(shown: ExaminedImage, point: tuple[int, int]) -> np.ndarray:
    """What a pixel depends on: drawn on the image, and as a bar chart.

    ``ExaminedImage.dependence`` defines the measure. On the image, each pixel has the
    sum of the categories' maps (S and I), each times its change. A slot is named after
    the class whose probabilities overlap with it most.

    Args:
        shown: Of a model with ``mmpisr.PISR``.
        point: (x, y) in pixels of the image, from 0.

    Raises:
        ValueError: See ``ExaminedImage.dependence``.
    """
    label, changes = shown.dependence(point)
    names, maps, panels = shown.names, shown.maps, _panels(shown)
    alike = (maps.slots.flatten(1) @ maps.before.flatten(1).T).argmax(dim=1).tolist()
    slots = [f'slot {number} ({names[c]})' for number, c in enumerate(alike, start=1)]
    parts = torch.cat([maps.before, maps.slots])  # (N + K', h, w)
    total = torch.einsum('l,lhw->hw', changes.to(parts.device), parts)
    heat = shown.in_image(total[None] / total.abs().max().clamp(min=1e-6))[0] / 2 + 0.5
    drawn = [
        panels.segments('prediction', shown.panoptic),
        panels.heat('what the pixel depends on', heat, CHANGE),
    ]
    x, y = ((value // panels.step + 0.5) * panels.factor for value in point)
    bars = dict(zip([*names, *slots], changes.tolist(), strict=True))
    chart = Panel('largest changes', _bars(bars, panels.image.shape[:2]))
    row = [*(panel._replace(point=(x, y)) for panel in drawn), chart]
    caption = (
        f'The marked pixel {point[0]},{point[1]} is {names[label]}. Bars: how far its '
        f'logit of {names[label]}, less the mean over classes, falls when the relation '
        'reads zeros for a class or an instance slot. Middle: regions of classes and '
        'slots, coloured by their bars.'
    )
    entries = [*CHANGES, *legend_entries([shown.panoptic], shown.meta)]
    return panel_grid([row], entries=entries, caption=caption)


def _panels(shown: ExaminedImage) -> ImagePanels:
    return ImagePanels(shown.image, shown.meta, min_width=300, max_width=600)


def _index(name: str, names: Sequence[str]) -> int:
    """Index of a class.

    Raises:
        ValueError: There is none of this name; lists all.
    """
    if name not in names:
        raise ValueError(f'no class {name!r}; the classes are {", ".join(names)}')
    return [*names].index(name)


def _bars(changes: Mapping[str, float], size: tuple[int, int]) -> np.ndarray:
    """The largest changes, largest above, in a picture of (height, width) pixels."""
    chosen = sorted(changes, key=lambda name: -abs(changes[name]))[:NUM_BARS][::-1]
    values = [changes[name] for name in chosen]
    figure = new_figure(*size[::-1])
    axes = figure.add_axes((0.34, 0.2, 0.63, 0.78))
    axes.barh(chosen, values, color=[FOR if v > 0 else AGAINST for v in values])
    axes.axvline(0, color='black', linewidth=0.8)
    axes.set_xlabel('fall of the logit')
    axes.spines[['top', 'right']].set_visible(False)
    return to_pixels(figure)
