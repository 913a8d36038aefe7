"""From a grouped image to the results that go onto a data sample."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from .grouping import Grouping


class PanopticResults(NamedTuple):
    """What is predicted for one image; the names are those of the data sample."""

    pred_panoptic_seg: PixelData
    pred_sem_seg: PixelData
    pred_instances: InstanceData


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
    """Mean probability of its own class over the pixels of each instance.

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

    Differs from detectron2: the centre's confidence is read at the peak that made the
    instance, not at the centroid of its mask.

    Args:
        grouping: The grouped image.
        probs: Class probabilities, ``(N, H, W)``.
        masks: Whether there are ``masks (n, H, W)`` bool too: one map of the image an
            instance.

    Returns:
        ``bboxes (n, 4)`` as in ``instance_boxes``, ``labels (n,)``, ``segments (n,)``:
        their values in the panoptic map, and ``scores (n,)``: centre confidence x mean
        class probability.
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
    """Wrap one image's predictions.

    Args:
        grouping: The grouped image.
        probs: Class probabilities, ``(N, H, W)``.
        instance_masks: Whether instances have masks, see :func:`to_instances`.

    Returns:
        ``sem_seg (1, H, W)`` panoptic; ``sem_seg (1, H, W)`` and ``scores (N, H, W)``
        semantic; and the instances.
    """
    labels = probs.argmax(dim=0, keepdim=True)  # (1, H, W)
    return PanopticResults(
        PixelData(sem_seg=grouping.panoptic.unsqueeze(0)),
        PixelData(sem_seg=labels, scores=probs),
        to_instances(grouping, probs, masks=instance_masks),
    )
