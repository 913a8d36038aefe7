"""The reference for ``group_panoptic``: a loop over instances, a loop over classes.

detectron2's Panoptic-DeepLab groups pixels in these steps. Here they are written from
its published behaviour, with the labels and the rules of ``group_panoptic``.
"""

import torch
import torch.nn.functional as F
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor

ROWS = 64  # whose distances are in memory at once


def group_per_instance(
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
) -> Tensor:
    """Merge class, centre and offset maps as :func:`group_panoptic` does.

    Returns:
        The panoptic map, ``label + 1000 * instance``, int64, ``(H, W)``.
    """
    points = peaks(center, threshold=threshold, nms_kernel=nms_kernel, top_k=top_k)
    ids = nearest_of_all(points, offset)
    is_thing = torch.zeros_like(labels, dtype=torch.bool)
    for thing in range(num_things):
        is_thing |= labels == thing
    ids = torch.where(is_thing, ids, 0)

    panoptic = torch.full_like(labels, num_classes)
    found = [number for number in ids.unique().tolist() if number > 0]
    for instance, number in enumerate(found, start=1):
        mask = ids == number
        majority = labels[mask].mode().values
        panoptic[mask] = majority + INSTANCE_OFFSET * instance
    for stuff in range(num_things, num_classes):
        mask = (labels == stuff) & (ids == 0)
        if mask.sum() >= stuff_area_limit:
            panoptic[mask] = stuff
    return panoptic


def peaks(center: Tensor, *, threshold: float, nms_kernel: int, top_k: int) -> Tensor:
    """Find the highest maxima (y, x) of ``(1, H, W)`` in reading order, ``(K, 2)``."""
    largest = F.max_pool2d(center, nms_kernel, stride=1, padding=nms_kernel // 2)
    points = ((center == largest) & (center > threshold))[0].nonzero()
    if len(points) > top_k:
        order = center[0][tuple(points.t())].argsort(descending=True, stable=True)
        points = points[order[:top_k].sort().values]
    return points


def nearest_of_all(points: Tensor, offset: Tensor) -> Tensor:
    """Compare each pixel with each centre; 1 to K, 0 without centres, ``(H, W)``."""
    _, height, width = offset.shape
    if len(points) == 0:
        return torch.zeros(height, width, dtype=torch.long, device=offset.device)
    rows = torch.arange(height, device=offset.device).view(-1, 1).expand(-1, width)
    columns = torch.arange(width, device=offset.device).expand(height, -1)
    reached = (offset + torch.stack([rows, columns])).permute(1, 2, 0)  # (H, W, 2)
    nearest = [
        (points.view(-1, 1, 1, 2) - part).norm(dim=-1).argmin(dim=0)
        for part in reached.split(ROWS)
    ]
    return torch.cat(nearest) + 1
