"""Draw what a model's relation does for one image."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from torch import nn

from mmpisr.evaluation.reweighting import row_names
from mmpisr.visualization import (
    center_heatmaps,
    class_heatmaps,
    dependence_figure,
    picture_of,
    slot_heatmaps,
)

from .pixel_dependence import pixel_dependence
from .relation_maps import class_and_center, in_image, relation_maps

NUM_CLASSES = 3
"""Classes that are drawn where none are chosen."""
NUM_SLOTS = 7


class Predicted(NamedTuple):
    """A model with an image that it has predicted."""

    model: nn.Module
    """In evaluation mode."""
    batch: Mapping[str, Any]
    """``inputs`` and ``data_samples`` of the image, as a data loader gives them."""
    sample: DetDataSample
    """With ``pred_panoptic_seg`` and the shapes that the data preprocessor adds."""

    @property
    def panoptic(self) -> np.ndarray:
        """The prediction in mmdet's encoding, ``(H, W)``."""
        return self.sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()


def class_picture(
    predicted: Predicted, meta: Mapping, classes: Sequence[str] | None = None
) -> np.ndarray:
    """Fig. 4 of an image, see ``class_heatmaps``.

    Args:
        predicted: Of a model with a relation.
        meta: ``classes`` and, if there is one, ``palette``.
        classes: Names; None: those whose probability the final stage changes most,
            by the mean absolute change over pixels.

    Raises:
        ValueError: There is no such class, or see ``relation_maps``.
    """
    maps = relation_maps(predicted.model, predicted.batch)
    names = row_names(meta['classes'], maps.semantic_index)
    if classes is None:
        change = (maps.after - maps.before).abs().mean(dim=(1, 2))
        rows = change.argsort(descending=True)[:NUM_CLASSES].tolist()
    else:
        rows = [class_index(name, names) for name in classes]
    before, after = (
        in_image(stage[rows], predicted.sample).numpy()
        for stage in (maps.before, maps.after)
    )
    pairs = dict(
        zip([names[row] for row in rows], zip(before, after, strict=True), strict=True)
    )
    image = picture_of(predicted.sample)
    return class_heatmaps(image, pairs, predicted.panoptic, meta)


def center_picture(
    models: Mapping[str, Predicted], meta: Mapping, name: str | None = None
) -> np.ndarray:
    """Fig. 5 of an image that each model has predicted, see ``center_heatmaps``.

    Args:
        models: By name; all are Panoptic-DeepLabs.
        meta: ``classes``, ``thing_classes`` and, if there is one, ``palette``.
        name: The class; None: the thing class of most pixels in the first prediction,
            or the first thing class if there is none.

    Raises:
        ValueError: There is no such class, or a model predicts no centres.
    """
    first = next(iter(models.values()))
    if name is None:
        labels = first.panoptic[first.panoptic >= INSTANCE_OFFSET] % INSTANCE_OFFSET
        name = meta['classes'][np.bincount(labels, minlength=1).argmax()]
    label = class_index(name, meta['classes'])
    maps: dict[str, Sequence[np.ndarray]] = {}
    for model, (module, batch, sample) in models.items():
        probs, center = class_and_center(module, batch)
        maps[model] = [*in_image(torch.stack([probs[label], center]), sample).numpy()]
    panoptics = {model: predicted.panoptic for model, predicted in models.items()}
    return center_heatmaps(picture_of(first.sample), name, maps, panoptics, meta)


def pixel_picture(
    predicted: Predicted, meta: Mapping, point: tuple[int, int]
) -> np.ndarray:
    """What a pixel depends on, see ``pixel_dependence`` and ``dependence_figure``.

    A slot is named after the class whose probabilities S overlap with it most.

    Args:
        predicted: Of a model with ``mmpisr.PISR``.
        meta: ``classes`` and, if there is one, ``palette``.
        point: (x, y) in pixels of the image, from 0.

    Raises:
        ValueError: See ``pixel_dependence``.
    """
    label, changes = pixel_dependence(predicted.model, predicted.batch, point)
    maps = relation_maps(predicted.model, predicted.batch)
    names = [*row_names(meta['classes'], maps.semantic_index)]
    shown_by = maps.slots.flatten(1) @ maps.before.flatten(1).T  # (K', N)
    slots = enumerate(shown_by.argmax(dim=1).tolist(), start=1)
    categories = names + [f'slot {number} ({names[row]})' for number, row in slots]
    parts = torch.cat([maps.before, maps.slots])  # (N + K', h, w)
    regions = torch.einsum('l,lhw->hw', changes.to(parts.device), parts)
    return dependence_figure(
        picture_of(predicted.sample),
        predicted.panoptic,
        meta,
        point=point,
        name=names[label],
        changes=dict(zip(categories, changes.tolist(), strict=True)),
        regions=in_image(regions[None], predicted.sample)[0].numpy(),
    )


def slot_picture(predicted: Predicted, num_slots: int = NUM_SLOTS) -> np.ndarray:
    """The best instance slots with their scores, see ``slot_heatmaps``.

    Args:
        predicted: Of a model with a relation.
        num_slots: The most slots that are drawn.

    Raises:
        ValueError: See ``relation_maps``.
    """
    maps = relation_maps(predicted.model, predicted.batch)
    slots = in_image(maps.slots[:num_slots], predicted.sample).numpy()
    scores = None if maps.slot_scores is None else maps.slot_scores.tolist()
    return slot_heatmaps(picture_of(predicted.sample), slots, scores)


def class_index(name: str, names: Sequence[str]) -> int:
    """Index of a class.

    Raises:
        ValueError: There is none of this name; lists all.
    """
    if name not in names:
        raise ValueError(f'no class {name!r}; the classes are {", ".join(names)}')
    return [*names].index(name)
