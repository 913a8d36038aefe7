"""Match the classes and instance slots of a prediction with the truth."""

from collections.abc import Sequence

import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor


def present_classes(panoptic: Tensor, num_classes: int) -> Tensor:
    """Return which classes occur in a panoptic map.

    Args:
        panoptic: mmdet's encoding, void is ``num_classes``, any shape.
        num_classes: Classes N.

    Returns:
        ``(N,)`` bool on the map's device.
    """
    labels = torch.bincount((panoptic % INSTANCE_OFFSET).flatten())
    present = labels.new_zeros(max(num_classes, len(labels)))
    present[: len(labels)] = labels
    return present[:num_classes] > 0


def slot_objects(heatmaps: Tensor, panoptic: Tensor, threshold: float = 0.5) -> Tensor:
    """Match each slot with an object; of several slots the best gets the object.

    Args:
        heatmaps: Slots in [0, 1], best first, without padding, ``(K, h, w)``.
        panoptic: Truth in mmdet's encoding, resized to this frame by its nearest
            pixels, ``(H, W)`` of any size. An object is what has an instance number.
        threshold: A slot's mask is where it reaches this value; it matches the object
            with the highest IoU, provided that this reaches the same value.

    Returns:
        The object's value in the truth, or -1 where a slot matches none, ``(K,)``
        int64.
    """
    truth = resize_nearest(panoptic, heatmaps.shape[1:])
    objects = truth.unique()
    objects = objects[objects >= INSTANCE_OFFSET]
    if len(objects) == 0 or len(heatmaps) == 0:
        return heatmaps.new_full((len(heatmaps),), -1, dtype=torch.long)

    masks = (heatmaps >= threshold).flatten(1).float()  # (K, h * w)
    targets = (truth.flatten() == objects[:, None]).float()  # (S, h * w)
    shared = masks @ targets.T  # (K, S)
    unions = masks.sum(dim=1)[:, None] + targets.sum(dim=1)[None] - shared
    best, choice = (shared / unions).max(dim=1)
    chosen = torch.nn.functional.one_hot(choice, len(objects)).bool()  # (K, S)
    chosen &= (best >= threshold)[:, None]
    first = chosen.cumsum(dim=0) == 1
    return torch.where((chosen & first).any(dim=1), objects[choice].long(), -1)


def resize_nearest(values: Tensor, size: Sequence[int]) -> Tensor:
    """Resize a map of integers, ``(H, W)``, to the pixels nearest to new centres."""
    rows, cols = (
        ((torch.arange(new, device=values.device) + 0.5) * old / new).long()
        for new, old in zip(size, values.shape, strict=True)
    )
    return values[rows[:, None], cols]
