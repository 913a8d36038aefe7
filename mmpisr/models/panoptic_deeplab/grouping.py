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

from mmpisr.models.heatmaps import local_maxima

MAX_DISTANCES = 1 << 22
"""Distances in memory at once while pixels are grouped: 16 MiB in float32."""
CELL = 8
"""Side of the cells that share candidates for the nearest centre, pixels."""
FEW = 8
"""Candidates up to which a cell has few; cells with many are grouped apart."""
SLACK = 1 + 1e-5
"""Above the relative rounding error of a squared distance in float32."""


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
    is_peak = local_maxima(center, nms_kernel=nms_kernel, threshold=threshold)
    points = is_peak[0].nonzero()  # (peaks, 2), in reading order
    scores = center[0][is_peak[0]].float()
    if len(points) > top_k:
        best = scores.sort(descending=True, stable=True).indices[:top_k].sort().values
        points, scores = points[best], scores[best]
    return Centers(points, scores)


def group_pixels(points: Tensor, offset: Tensor, pixels: Tensor) -> Tensor:
    """Assign pixels to the centre nearest to the point their offset leads to.

    Most points lie in a cell all of whose points have the same nearest centre. For the
    others, the distances to the candidates of their cell are compared, of at most
    ``MAX_DISTANCES`` at once.

    Args:
        points: Centres as (y, x) in pixels of the map, at least one, ``(K, 2)``.
        offset: From each pixel to its centre, (dy, dx) in pixels, float32,
            ``(2, H, W)``.
        pixels: Flat indices of the pixels to assign, ``(M,)``.

    Returns:
        Index of the nearest centre, the first of equally near ones, int64, ``(M,)``.
    """
    _, height, width = offset.shape
    rows = torch.arange(height, device=offset.device).view(-1, 1)
    columns = torch.arange(width, device=offset.device)
    target = torch.stack([rows + offset[0], columns + offset[1]]).flatten(1)
    target = target.index_select(1, pixels)  # (2, M)
    grid = -(-height // CELL), -(-width // CELL)
    cells, near = _cells(target, grid), _candidates(points, grid)
    numbers = near.numbers.index_select(0, cells)  # (M,)
    nearest = near.centers[near.starts].index_select(0, cells)  # (M,)
    for low, high in ((1, FEW), (FEW, len(points))):
        unclear = ((numbers > low) & (numbers <= high)).nonzero().squeeze(1)
        for part in unclear.split(max(1, MAX_DISTANCES // high)):
            places = torch.arange(high, device=offset.device).view(-1, 1)
            places = places.minimum(numbers[part] - 1) + near.starts[cells[part]]
            centers = near.centers[places]  # (high, P)
            y, x = points.to(target)[centers].unbind(2)
            # the root is monotonic, but its rounding decides ties as detectron2 does
            distances = (y - target[0, part]).square_()
            distances.add_((x - target[1, part]).square_()).sqrt_()
            best = distances.argmin(dim=0, keepdim=True)
            nearest[part] = centers.gather(0, best).squeeze(0)
    return nearest


class _Candidates(NamedTuple):
    """Centres that may be nearest to a point of a cell, of all cells and of outside."""

    centers: Tensor
    """Indices of centres, in ascending order in each cell, one cell after another."""
    starts: Tensor
    """First place of each cell in ``centers``, ``(cells + 1,)``."""
    numbers: Tensor
    """Number of candidates of each cell, ``(cells + 1,)``."""


def _cells(target: Tensor, grid: tuple[int, int]) -> Tensor:
    """Cell of each point (y, x), counted along rows; the number of cells if outside."""
    cell = (target / CELL).floor_()  # (2, M)
    last = cell.new_tensor(grid).view(2, 1) - 1
    inside = (cell == cell.clamp(last.new_zeros(()), last)).all(dim=0)  # not NaN
    index = cell[0].mul_(grid[1]).add_(cell[1])
    return torch.where(inside, index, grid[0] * grid[1]).long()


def _candidates(points: Tensor, grid: tuple[int, int]) -> _Candidates:
    """List the centres that are nearest to some point of a cell, up to rounding."""
    nearest, farthest = [], []
    for place, count in zip(points.t().float(), grid, strict=True):
        low = CELL * torch.arange(count, device=points.device).view(-1, 1)
        below, above = low - place, place - low - CELL  # (count, K)
        nearest.append(below.maximum(above).clamp_(min=0).square_())
        farthest.append(below.minimum(above).square_())
    step = max(1, MAX_DISTANCES // nearest[1].numel())
    lists = []
    for near, far in zip(nearest[0].split(step), farthest[0].split(step), strict=True):
        limit = (far.unsqueeze(1) + farthest[1]).amin(dim=2, keepdim=True) * SLACK
        may_win = near.unsqueeze(1) + nearest[1] <= limit  # (step, columns, K)
        lists.append((may_win.nonzero()[:, 2], may_win.sum(dim=2).flatten()))
    everywhere = torch.arange(len(points), device=points.device)
    lists.append((everywhere, everywhere.new_tensor([len(points)])))
    centers, numbers = (torch.cat(parts) for parts in zip(*lists, strict=True))
    return _Candidates(centers, numbers.cumsum(0) - numbers, numbers)


def majority_labels(
    ids: Tensor, labels: Tensor, *, num_instances: int, num_classes: int
) -> Tensor:
    """Most frequent class of each instance; of equally frequent ones the smallest.

    Args:
        ids: Instance of each pixel, 0 to ``num_instances`` - 1, ``(M,)``.
        labels: Class of each pixel, 0 to ``num_classes`` - 1, ``(M,)``.
        num_instances: Number of instances.
        num_classes: Number of classes that may occur.

    Returns:
        Int64, ``(num_instances,)``; -1 for an instance without pixels.
    """
    votes = torch.bincount(
        ids * num_classes + labels, minlength=num_instances * num_classes
    ).view(num_instances, num_classes)
    return torch.where(votes.sum(dim=1) > 0, votes.argmax(dim=1), -1)


def paste_stuff(
    labels: Tensor, *, num_things: int, num_classes: int, min_area: int
) -> Tensor:
    """Label the stuff of an image; things and small regions become void.

    Args:
        labels: Class of each pixel, ``(H, W)``.
        num_things: Number of thing classes, which come first.
        num_classes: Number of classes, and the label of void.
        min_area: A class with fewer pixels than this in the image becomes void.

    Returns:
        Stuff class or void, int64, ``(H, W)``.
    """
    areas = torch.bincount(labels.flatten(), minlength=num_classes)  # (N,)
    kept = torch.arange(num_classes, device=labels.device)
    kept[(kept < num_things) | (areas < min_area)] = num_classes
    return kept.index_select(0, labels.flatten()).view_as(labels)


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
    panoptic = paste_stuff(
        labels,
        num_things=num_things,
        num_classes=num_classes,
        min_area=stuff_area_limit,
    )
    ids = torch.zeros_like(panoptic)
    if len(centers.points) == 0:
        return Grouping(panoptic, ids, panoptic.new_zeros(0), centers.scores)

    pixels = (labels < num_things).flatten().nonzero().squeeze(1)  # (M,)
    nearest = group_pixels(centers.points, offset, pixels)  # (M,)
    majority = majority_labels(
        nearest,
        labels.flatten().index_select(0, pixels),
        num_instances=len(centers.points),
        num_classes=num_things,
    )
    present = majority >= 0  # (K,)
    numbers = present.cumsum(0)  # (K,)
    codes = majority + INSTANCE_OFFSET * numbers
    ids.view(-1)[pixels] = numbers.index_select(0, nearest)
    panoptic.view(-1)[pixels] = codes.index_select(0, nearest)
    return Grouping(panoptic, ids, majority[present], centers.scores[present])


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
    grouping: Grouping, labels: Tensor, probs: Tensor, *, instance_masks: bool = False
) -> PanopticResults:
    """Pack the predictions for one image.

    Args:
        grouping: The grouped image.
        labels: Most probable class of each pixel, int64, ``(H, W)``.
        probs: Class probabilities, ``(N, H, W)``.
        instance_masks: Whether instances have masks, see :func:`to_instances`.

    Returns:
        The panoptic map as ``sem_seg (1, H, W)``; classes as ``sem_seg (1, H, W)`` and
        their probabilities as ``scores (N, H, W)``; and the instances.
    """
    return PanopticResults(
        PixelData(sem_seg=grouping.panoptic.unsqueeze(0)),
        PixelData(sem_seg=labels.unsqueeze(0), scores=probs),
        to_instances(grouping, probs, masks=instance_masks),
    )
