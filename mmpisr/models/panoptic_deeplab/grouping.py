"""Post-processing: group class, centre and offset maps into panoptic results.

Pure functions without loops over instances or classes, on the device of their input.
Axis order is (y, x) throughout: row, then column.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmpisr.models.heatmaps import center_peaks

MAX_DISTANCES = 1 << 22
"""Distances in memory at once while pixels are grouped: 16 MiB in float32."""


class Centers(NamedTuple):
    """Instance centres, in reading order: by row, then by column."""

    points: Tensor
    """(y, x) in pixels, int64, ``(K, 2)``."""
    scores: Tensor
    """Value of the heatmap, ``(K,)``."""


class Grouping(NamedTuple):
    """A panoptic map and its instances."""

    panoptic: Tensor
    """``label + 1000 * instance``, stuff has instance 0, void is N; ``(H, W)``."""
    instance_ids: Tensor
    """Instance of each pixel, 1 to n, 0 outside of things; ``(H, W)``."""
    labels: Tensor
    """Thing class of each instance, int64, ``(n,)``."""
    scores: Tensor
    """Confidence of each instance's centre, ``(n,)``."""


class PanopticResults(NamedTuple):
    """Predictions for one image, named as on the data sample."""

    pred_panoptic_seg: PixelData
    pred_sem_seg: PixelData
    pred_instances: InstanceData


def find_centers(
    center: Tensor, *, threshold: float = 0.1, nms_kernel: int = 7, top_k: int = 200
) -> Centers:
    """Find the peaks of a centre heatmap.

    Differs from detectron2: the best ``top_k`` peaks are kept; detectron2 keeps one
    fewer, and drops peaks of equal score.

    Args:
        center: Heatmap, ``(1, H, W)``.
        threshold: A peak must be higher than this.
        nms_kernel: Side of the window in which a peak is the maximum, in pixels, odd.
        top_k: Maximum number of centres.
    """
    peaks = center_peaks(
        center[None], num_peaks=top_k, nms_kernel=nms_kernel, threshold=threshold
    )
    found = peaks.valid[0]
    points, scores = peaks.points[0, found], peaks.scores[0, found]
    order = (points[:, 0] * center.shape[2] + points[:, 1]).argsort()
    return Centers(points[order], scores[order])


def group_pixels(points: Tensor, offset: Tensor) -> Tensor:
    """Assign each pixel to the centre nearest to the point its offset leads to.

    Pixels are processed in blocks of ``MAX_DISTANCES`` distances to bound the memory.

    Args:
        points: Centres as (y, x) in pixels, ``(K, 2)``.
        offset: From each pixel to its centre, (dy, dx) in pixels, ``(2, H, W)``.

    Returns:
        Index of the nearest centre plus one, the first of equally near ones; zero if
        there are no centres. Int64, ``(H, W)``.
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
    """Renumber the ids that occur as 1, 2, ... in their order; 0 stays 0.

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


def majority_labels(
    ids: Tensor, labels: Tensor, *, num_instances: int, num_classes: int
) -> Tensor:
    """Most frequent class of each instance; of equally frequent ones the smallest.

    Args:
        ids: Instance of each pixel, 1 to ``num_instances``, 0 for none, ``(H, W)``.
        labels: Class of each pixel, 0 to ``num_classes`` - 1 where ``ids`` is not 0.
        num_instances: Number of instances.
        num_classes: Number of classes that may occur.

    Returns:
        Int64, ``(num_instances,)``.
    """
    inside = ids > 0
    pairs = (ids[inside] - 1) * num_classes + labels[inside]
    votes = torch.bincount(pairs, minlength=num_instances * num_classes)
    return votes.view(num_instances, num_classes).argmax(dim=1)  # (num_instances,)


def paste_stuff(
    labels: Tensor, free: Tensor, *, num_things: int, num_classes: int, min_area: int
) -> Tensor:
    """Label the stuff of an image; small regions become void.

    Args:
        labels: Class of each pixel, ``(H, W)``.
        free: Pixels outside of all instances, bool, ``(H, W)``.
        num_things: Number of thing classes, which come first and become void here.
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
        threshold: See :func:`find_centers`.
        nms_kernel: See :func:`find_centers`.
        top_k: See :func:`find_centers`.
        stuff_area_limit: Minimum number of pixels of a stuff class.
    """
    centers = find_centers(
        center, threshold=threshold, nms_kernel=nms_kernel, top_k=top_k
    )
    ids = group_pixels(centers.points, offset) * (labels < num_things)
    ids, origin = renumber(ids, len(centers.points))
    inst_labels = majority_labels(
        ids, labels, num_instances=len(origin), num_classes=num_things
    )

    panoptic = paste_stuff(
        labels,
        ids == 0,
        num_things=num_things,
        num_classes=num_classes,
        min_area=stuff_area_limit,
    )
    encoded = F.pad(inst_labels, (1, 0))[ids] + INSTANCE_OFFSET * ids
    panoptic = torch.where(ids > 0, encoded, panoptic)
    return Grouping(panoptic, ids, inst_labels, centers.scores[origin - 1])


def instance_boxes(ids: Tensor, count: int) -> Tensor:
    """Bounding boxes of numbered regions.

    Args:
        ids: Region of each pixel, 1 to ``count``, 0 for none, int64, ``(H, W)``.
        count: Number of regions, none of them empty.

    Returns:
        (x1, y1, x2, y2) in pixels, the lower right corner exclusive, float32,
        ``(count, 4)``.
    """
    height, width = ids.shape
    rows = torch.arange(height, device=ids.device).view(-1, 1).expand_as(ids)
    columns = torch.arange(width, device=ids.device).view(1, -1).expand_as(ids)
    first = ids.new_full((2, count + 1), max(height, width))
    last = ids.new_zeros((2, count + 1))
    places = torch.stack([columns, rows]).flatten(1)  # (2, M)
    index = ids.flatten().expand(2, -1)  # (2, M)
    first = first.scatter_reduce(1, index, places, 'amin')
    last = last.scatter_reduce(1, index, places, 'amax') + 1
    return torch.cat([first, last])[:, 1:].t().float()  # (count, 4)


def instance_probs(ids: Tensor, labels: Tensor, probs: Tensor) -> Tensor:
    """Mean probability of each instance's class over its pixels.

    Args:
        ids: Instance of each pixel, 1 to n, 0 for none, int64, ``(H, W)``.
        labels: Class of each instance, none of them empty, ``(n,)``.
        probs: Class probabilities, ``(N, H, W)``.

    Returns:
        Values in [0, 1], ``(n,)``.
    """
    classes = F.pad(labels, (1, 0))[ids]  # (H, W)
    own = probs.gather(0, classes.unsqueeze(0)).flatten()  # (M,)
    total = own.new_zeros(len(labels) + 1).index_add(0, ids.flatten(), own)
    areas = torch.bincount(ids.flatten(), minlength=len(labels) + 1)
    return total[1:] / areas[1:]


def to_instances(
    grouping: Grouping, probs: Tensor, *, masks: bool = False
) -> InstanceData:
    """Instances with box, label and score, in the order of their ids.

    Differs from detectron2: the centre's confidence is the heatmap's value at the peak,
    not at the centroid of the mask.

    Args:
        grouping: The grouped image.
        probs: Class probabilities, ``(N, H, W)``.
        masks: Whether to add ``masks (n, H, W)`` bool, which takes memory.

    Returns:
        ``bboxes (n, 4)`` as in :func:`instance_boxes`, ``labels (n,)``, ``segments
        (n,)``: their values in the panoptic map, and ``scores (n,)``: centre confidence
        times mean class probability.
    """
    ids, labels = grouping.instance_ids, grouping.labels
    numbers = torch.arange(1, len(labels) + 1, device=ids.device)
    confidence = grouping.scores.clamp(0, 1)
    instances = InstanceData(
        bboxes=instance_boxes(ids, len(labels)),
        labels=labels,
        scores=confidence * instance_probs(ids, labels, probs),
        segments=labels + INSTANCE_OFFSET * numbers,
    )
    if masks:
        instances.masks = ids == numbers.view(-1, 1, 1)
    return instances


def to_results(
    grouping: Grouping, probs: Tensor, *, instance_masks: bool = False
) -> PanopticResults:
    """Pack the predictions for one image.

    Args:
        grouping: The grouped image.
        probs: Class probabilities, ``(N, H, W)``.
        instance_masks: Whether instances have masks, see :func:`to_instances`.

    Returns:
        The panoptic map as ``sem_seg (1, H, W)``; classes as ``sem_seg (1, H, W)`` and
        their probabilities as ``scores (N, H, W)``; and the instances.
    """
    labels = probs.argmax(dim=0, keepdim=True)  # (1, H, W)
    return PanopticResults(
        PixelData(sem_seg=grouping.panoptic.unsqueeze(0)),
        PixelData(sem_seg=labels, scores=probs),
        to_instances(grouping, probs, masks=instance_masks),
    )
