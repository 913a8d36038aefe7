"""The paper's figures of one image: heatmaps, differences, slots, dependence.

All take and give RGB uint8 images, and maps in the size of the image, ``(H, W)``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET

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

WIDTHS = dict(min_width=300, max_width=600)
HEAT, CHANGE = 'inferno', 'PuOr_r'
FOR, AGAINST = '#b35806', '#542788'
CLASS, CENTER = (0, 114, 178), (255, 150, 0)
PROBABILITIES = scale_entries(HEAT, [f'value {v}' for v in (0, 0.25, 0.5, 0.75, 1)])
CHANGES = scale_entries(CHANGE, ['against the class', 'no change', 'for the class'])
BARS = 8
COLUMNS = 4


def class_heatmaps(
    image: np.ndarray,
    maps: Mapping[str, Sequence[np.ndarray]],
    panoptic: np.ndarray,
    meta: Mapping,
) -> np.ndarray:
    """Probability of classes before and after the relation (Fig. 4), a column a class.

    Args:
        image: The image.
        maps: Intermediate and final probability by the name of the class.
        panoptic: The prediction in mmdet's encoding.
        meta: ``classes`` and, if there is one, ``palette``.
    """
    panels = ImagePanels(image, meta, **WIDTHS)
    rows = [[panels.plain()], [panels.segments('prediction', panoptic)]]
    for name, pair in maps.items():
        for row, when, heat in zip(rows, ('before', 'after'), pair, strict=True):
            row.append(panels.heat(f'{name}: {when}', heat, HEAT))
    caption = (
        'Values: probability of a class, in the intermediate prediction (before the '
        'relation) and in the final prediction (after the relation).'
    )
    entries = [*PROBABILITIES, *legend_entries([panoptic], meta)]
    return panel_grid(rows, entries=entries, caption=caption)


def center_heatmaps(
    image: np.ndarray,
    name: str,
    maps: Mapping[str, Sequence[np.ndarray]],
    panoptics: Mapping[str, np.ndarray],
    meta: Mapping,
) -> np.ndarray:
    """Heatmaps of a class and of centres over each other, by model (Fig. 5).

    Args:
        image: The image.
        name: Of the class.
        maps: Final probability of the class, and centre map (about 0 to 1), by model.
        panoptics: The models' predictions in mmdet's encoding.
        meta: ``classes`` and, if there is one, ``palette``.
    """
    panels = ImagePanels(image, meta, **WIDTHS)
    matched = match_instances([*panoptics.values()])
    label = [*meta['classes']].index(name)
    row = [panels.plain()]
    for model, (probs, center) in maps.items():
        canvas = panels.image.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.4 + 140
        for share, colour in ((probs, CLASS), (probs * center, CENTER)):
            share = 0.9 * panels.fit(share).clip(0, 1)[..., None]
            canvas = (1 - share) * canvas + share * np.array(colour)
        row.append(Panel(f'{model}: {name}', canvas.round().astype(np.uint8)))
    for model, panoptic in zip(panoptics, matched, strict=True):
        count = (np.unique(panoptic) % INSTANCE_OFFSET == label).sum()
        row.append(panels.segments(f'{model}: {name} × {count}', panoptic))
    caption = (
        'Blue: final probability of the class. Orange: centre map where the class is '
        'probable; each spot is a centre. ×: how many segments of the class there are.'
    )
    return panel_grid([row], entries=legend_entries(matched, meta), caption=caption)


def differing_regions(
    image: np.ndarray, panoptics: Mapping[str, np.ndarray], meta: Mapping
) -> np.ndarray:
    """Predictions of two models, with boxes where they differ most (Figs. 6 and 7).

    Args:
        image: The image.
        panoptics: The predictions in mmdet's encoding by model; see
            :func:`differing_boxes` for the measure.
        meta: ``classes`` and, if there is one, ``palette``.
    """
    panels = ImagePanels(image, meta, **WIDTHS)
    matched = match_instances([*panoptics.values()])
    row = [panels.segments(*named) for named in zip(panoptics, matched, strict=True)]
    boxes = differing_boxes(*matched)
    drawn = np.array(boxes).reshape(-1, 4) * panels.factor / panels.step
    row = [panel._replace(boxes=drawn) for panel in (panels.plain(), *row)]
    caption = (
        f'Class or instance differ at {(matched[0] != matched[1]).mean():.1%} of the '
        f'pixels. Boxes: the largest differing regions ({len(boxes)}).'
    )
    return panel_grid([row], entries=legend_entries(matched, meta), caption=caption)


def slot_heatmaps(
    image: np.ndarray, slots: np.ndarray, scores: Sequence[float] | None
) -> np.ndarray:
    """Instance slots of the relation, best first, with their reweighting scores.

    Args:
        image: The image.
        slots: Heatmaps in [0, 1] of the slots that are drawn, ``(K', H, W)``.
        scores: Of these slots, in [0, 1]; None: the relation has none.
    """
    panels = ImagePanels(image, {}, **WIDTHS)
    row = [panels.plain()]
    for index, slot in enumerate(slots):
        score = '' if scores is None else f': score {scores[index]:.2f}'
        row.append(panels.heat(f'slot {index + 1}{score}', slot, HEAT))
    rows = [row[i : i + COLUMNS] for i in range(0, len(row), COLUMNS)]
    caption = (
        'Values: heatmaps of the instance slots that the relation reads, the most '
        'certain first. A low reweighting score makes the relation ignore a slot.'
    )
    return panel_grid(rows, entries=PROBABILITIES, caption=caption)


def dependence_figure(
    image: np.ndarray,
    panoptic: np.ndarray,
    meta: Mapping,
    *,
    point: tuple[int, int],
    name: str,
    changes: Mapping[str, float],
    regions: np.ndarray,
) -> np.ndarray:
    """What a pixel depends on: drawn on the image, and as a bar chart.

    Args:
        image: The image.
        panoptic: The prediction in mmdet's encoding.
        meta: ``classes`` and, if there is one, ``palette``.
        point: (x, y) of the pixel.
        name: The pixel's class.
        changes: Fall of its logit without each category.
        regions: Sum of the categories' maps, each times its change.
    """
    panels = ImagePanels(image, meta, **WIDTHS)
    at = tuple((value // panels.step + 0.5) * panels.factor for value in point)
    largest = max(np.abs(regions).max(), 1e-6)
    depends = panels.heat(
        'what the pixel depends on', 0.5 + regions / largest / 2, CHANGE
    )
    drawn = [panels.segments('prediction', panoptic), depends]
    chart = _bars(changes, panels.image.shape[:2])
    row = [*(p._replace(point=at) for p in drawn), Panel('largest changes', chart)]
    caption = (
        f'The marked pixel {point[0]},{point[1]} is {name}. Bars: how far its logit '
        f'of {name}, less the mean over classes, falls when the relation reads zeros '
        'for a class or an instance slot. Middle: regions of classes and slots, '
        'coloured by their bars.'
    )
    entries = [*CHANGES, *legend_entries([panoptic], meta)]
    return panel_grid([row], entries=entries, caption=caption)


def _bars(changes: Mapping[str, float], size: tuple[int, int]) -> np.ndarray:
    """The largest changes, largest above, in a picture of (height, width) pixels."""
    chosen = sorted(changes, key=lambda name: -abs(changes[name]))[:BARS][::-1]
    values = [changes[name] for name in chosen]
    figure = new_figure(*size[::-1])
    axes = figure.add_axes((0.34, 0.2, 0.63, 0.78))
    axes.barh(chosen, values, color=[FOR if v > 0 else AGAINST for v in values])
    axes.axvline(0, color='black', linewidth=0.8)
    axes.set_xlabel('fall of the logit')
    axes.spines[['top', 'right']].set_visible(False)
    return to_pixels(figure)
