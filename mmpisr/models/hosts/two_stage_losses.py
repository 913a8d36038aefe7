"""Losses of a two-stage host: the RPN's, once, and those of one stage's heads."""

from collections.abc import Sequence

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.roi_heads import BaseRoIHead
from mmdet.models.seg_heads.base_semantic_head import BaseSemanticHead
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

Losses = dict[str, Tensor | list[Tensor]]


def rpn_losses_and_proposals(
    rpn_head: BaseDenseHead,
    feats: Sequence[Tensor],
    data_samples: Sequence[DetDataSample],
    proposal_cfg: dict,
) -> tuple[Losses, list[InstanceData]]:
    """Run an RPN once, for its losses and for what the next stages train from.

    Args:
        rpn_head: mmdet's.
        feats: Levels of the pyramid, ``(B, C, h, w)`` each.
        data_samples: With ``gt_instances``; not changed.
        proposal_cfg: How many proposals there are, and their suppression.

    Returns:
        Losses, all of which have ``rpn`` in their name; and for each image
        ``bboxes`` (x1, y1, x2, y2) in pixels of the input, without gradient.
    """
    objects = [class_agnostic(sample) for sample in data_samples]
    losses, proposals = rpn_head.loss_and_predict(
        feats, objects, proposal_cfg=proposal_cfg
    )
    return {_rpn_name(name): value for name, value in losses.items()}, proposals


def class_agnostic(sample: DetDataSample) -> DetDataSample:
    """The same truth with class 0 for every object; shares the other tensors."""
    truth = sample.gt_instances.new()
    truth.labels = torch.zeros_like(truth.labels)
    agnostic = sample.new()
    agnostic.gt_instances = truth
    return agnostic


def _rpn_name(loss: str) -> str:
    """Tell the RPN's loss from the RoI head's of the same name."""
    return f'rpn_{loss}' if 'loss' in loss and 'rpn' not in loss else loss


def stage_losses(
    roi_head: BaseRoIHead,
    semantic_head: BaseSemanticHead,
    feats: Sequence[Tensor],
    proposals: Sequence[InstanceData],
    data_samples: Sequence[DetDataSample],
) -> Losses:
    """Losses of one stage's heads; the proposals are not changed."""
    own = [image.new() for image in proposals]  # the RoI head renames their boxes
    roi_losses = roi_head.loss(feats, own, data_samples)
    return {**roi_losses, **semantic_head.loss(feats, data_samples)}
