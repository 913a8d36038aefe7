"""From class, centre and offset maps to a panoptic map: pure functions.

Axis order is (y, x) throughout: row, then column. Nothing here loops over instances
or classes, and everything runs on the device of its input.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor

from mmpisr.models.heatmaps import center_peaks

MAX_DISTANCES = 1 << 22
"""Distances held at once while pixels are grouped: 16 MiB in float32."""


class Centers(NamedTuple):
    """Instance centres, in reading order: by row, then by column."""

    points: Tensor
    """(y, x) in pixels, int64, ``(K, 2)``."""
    scores: Tensor
    """Value of the heatmap, ``(K,)``."""


class Grouping(NamedTuple):
    """A panoptic map and what became of each centre."""

    panoptic: Tensor
    """``label + 1000 * instance``, stuff has instance 0, void is N; ``(H, W)``."""
    instance_ids: Tensor
    """Instance of each pixel, 1 to n, 0 outside of things; ``(H, W)``."""
    labels: Tensor
    """Thing class of each instance, int64, ``(n,)``."""
    scores: Tensor
    """Confidence of each instance's centre, ``(n,)``."""


def find_centers(
    center: Tensor, *, threshold: float = 0.1, nms_kernel: int = 7, top_k: int = 200
) -> Centers:
    """Find the peaks of a centre heatmap.

    Differs from detectron2: with more than ``top_k`` peaks the best ``top_k`` are
    kept; there it is one fewer, and fewer still when some score the same.

    Args:
        center: Heatmap, ``(1, H, W)``.
        threshold: A peak must be higher than this.
        nms_kernel: A peak is the maximum of a window of so many pixels, an odd number.
        top_k: Keep at most so many.
    """
    peaks = center_peaks(
        center[None], num_peaks=top_k, nms_kernel=nms_kernel, threshold=threshold
    )
    found = peaks.valid[0]
    points, scores = peaks.points[0, found], peaks.scores[0, found]
    order = (points[:, 0] * center.shape[2] + points[:, 1]).argsort()
    return Centers(points[order], scores[order])


def group_pixels(points: Tensor, offset: Tensor) -> Tensor:
    """Give every pixel the centre that is nearest to where its offset leads.

    Memory is bounded: pixels are taken in blocks of ``MAX_DISTANCES`` distances.

    Args:
        points: Centres as (y, x) in pixels, ``(K, 2)``.
        offset: From each pixel to its centre, (dy, dx) in pixels, ``(2, H, W)``.

    Returns:
        One more than the index of the nearest centre, the first of equal ones; all
        zero without centres. Int64, ``(H, W)``.
    """
    _, height, width = offset.shape
    if len(points) == 0:
        return offset.new_zeros((height, width), dtype=torch.long)
    rows = torch.arange(height, device=offset.device).view(-1, 1)
    columns = torch.arange(width, device=offset.device).view(1, -1)
    target = torch.stack([rows + offset[0], columns + offset[1]]).flatten(1)  # (2, M)
    y, x = points.to(target).t().unsqueeze(-1)  # (K, 1) each
    nearest = [
        # the root is monotonic, but its rounding decides ties as detectron2 does
        (y - block[0]).square_().add_((x - block[1]).square_()).sqrt_().argmin(dim=0)
        for block in target.split(max(1, MAX_DISTANCES // len(points)), dim=1)
    ]
    return torch.cat(nearest).view(height, width) + 1


def renumber(ids: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Number the ids that occur from 1 without gaps, keeping their order; 0 stays.

    Args:
        ids: Ids from 0 to ``size``, int64, any shape.
        size: Largest id that may occur.

    Returns:
        The new ids, and the old id of each new one, ``(n,)``.
    """
    counts = torch.bincount(ids.flatten(), minlength=size + 1)
    present = counts[1:] > 0  # (size,)
    table = F.pad(present.long().cumsum(0) * present, (1, 0))  # (size + 1,)
    return table[ids], present.nonzero().squeeze(1) + 1


def majority_labels(ids: Tensor, labels: Tensor, count: int, classes: int) -> Tensor:
    """Most frequent class of each instance, the smallest of equally frequent ones.

    Args:
        ids: Instance of each pixel, 1 to ``count``, 0 for none, ``(H, W)``.
        labels: Class of each pixel, 0 to ``classes`` - 1 where ``ids`` is not 0.
        count: Number of instances.
        classes: Number of classes that may occur.

    Returns:
        Int64, ``(count,)``.
    """
    inside = ids > 0
    pairs = (ids[inside] - 1) * classes + labels[inside]
    votes = torch.bincount(pairs, minlength=count * classes)
    return votes.view(count, classes).argmax(dim=1)  # (count,)


def paste_stuff(
    labels: Tensor, free: Tensor, *, num_things: int, num_classes: int, min_area: int
) -> Tensor:
    """Label the stuff of an image, large enough regions only.

    Args:
        labels: Class of each pixel, ``(H, W)``.
        free: Pixels that no instance claims, bool, ``(H, W)``.
        num_things: Classes below this are things, and become void here.
        num_classes: Number of classes, and the label of void.
        min_area: A class with fewer free pixels than this in the image becomes void.

    Returns:
        Stuff class or void, int64, ``(H, W)``.
    """
    areas = torch.bincount(labels[free], minlength=num_classes)  # (N,)
    large = areas >= min_area
    large[:num_things] = False
    return torch.where(free & large[labels], labels, num_classes)


def group_panoptic(
    labels: Tensor,
    center: Tensor,
    offset: Tensor,
    *,
    num_things: int,
    num_classes: int,
    threshold: float = 0.1,
    nms_kernel: int = 7,
    top_k: int = 200,
    stuff_area_limit: int = 2048,
) -> Grouping:
    """Merge the three predictions of one image into a panoptic map.

    Args:
        labels: Predicted class of each pixel, things first, int64, ``(H, W)``.
        center: Heatmap of instance centres, ``(1, H, W)``.
        offset: From each pixel to its centre, (dy, dx) in pixels, ``(2, H, W)``.
        num_things: Number of thing classes.
        num_classes: Number of classes, and the label of void.
        threshold: Least height of a centre.
        nms_kernel: Window in which a centre is the highest pixel.
        top_k: Most centres of an image.
        stuff_area_limit: Fewest pixels of a stuff class in an image.
    """
    centers = find_centers(
        center, threshold=threshold, nms_kernel=nms_kernel, top_k=top_k
    )
    ids = group_pixels(centers.points, offset) * (labels < num_things)
    ids, origin = renumber(ids, len(centers.points))
    classes = majority_labels(ids, labels, len(origin), num_things)

    panoptic = paste_stuff(
        labels,
        ids == 0,
        num_things=num_things,
        num_classes=num_classes,
        min_area=stuff_area_limit,
    )
    encoded = F.pad(classes, (1, 0))[ids] + INSTANCE_OFFSET * ids
    panoptic = torch.where(ids > 0, encoded, panoptic)
    return Grouping(panoptic, ids, classes, centers.scores[origin - 1])
