"""Panoptic-DeepLab's training targets, and cross entropy over the hardest pixels."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmpisr.registry import MODELS


class TargetMaps(NamedTuple):
    """Targets at input resolution; padding has weight zero."""

    labels: Tensor
    """Classes, int64, 255 where ignored, ``(B, H, W)``."""
    semantic_weights: Tensor
    """Factor of the semantic loss, ``(B, H, W)``."""
    center: Tensor
    """Heatmap of instance centres, 0 to 1, ``(B, 1, H, W)``."""
    center_weights: Tensor
    """Factor of the centre loss, ``(B, 1, H, W)``."""
    offset: Tensor
    """From each pixel to its centre, (dy, dx) in pixels, ``(B, 2, H, W)``."""
    offset_weights: Tensor
    """Factor of the offset loss, ``(B, 1, H, W)``."""


def stack_targets(
    data_samples: Sequence[DetDataSample], size: tuple[int, int], *, ignore_index: int
) -> TargetMaps:
    """Collect ``gt_sem_seg`` and ``gt_panoptic_deeplab`` of a batch.

    Args:
        data_samples: One for each image, their maps no larger than ``size``.
        size: (height, width) of the padded input.
        ignore_index: Label of the padding.

    Raises:
        ValueError: A sample has no ``gt_panoptic_deeplab``, or a map is larger than
            ``size``.
    """
    for sample in data_samples:
        if 'gt_panoptic_deeplab' not in sample:
            raise ValueError(
                'a data sample has no gt_panoptic_deeplab, but only '
                f'{sorted(sample.keys())}: mmpisr.PanopticDeepLabTargets must be in '
                'the training pipeline'
            )
    labels = [
        pad_to(sample.gt_sem_seg.sem_seg, size, ignore_index) for sample in data_samples
    ]

    def stack(name: str) -> Tensor:
        maps = [getattr(sample.gt_panoptic_deeplab, name) for sample in data_samples]
        return torch.stack([pad_to(m, size) for m in maps])

    return TargetMaps(
        labels=torch.cat(labels).long(),  # (B, H, W)
        semantic_weights=stack('semantic_weights').squeeze(1),  # (B, H, W)
        **{name: stack(name) for name in TargetMaps._fields[2:]},
    )


def pad_to(values: Tensor, size: tuple[int, int], value: float = 0) -> Tensor:
    """Pad ``(C, H, W)`` at the bottom and right, as images are padded.

    Raises:
        ValueError: ``values`` is larger than ``size``.
    """
    height, width = values.shape[-2:]
    if height > size[0] or width > size[1]:
        raise ValueError(
            f'a target of {height} x {width} pixels does not fit maps of '
            f'{size[0]} x {size[1]} pixels'
        )
    return F.pad(values, (0, size[1] - width, 0, size[0] - height), value=value)


def hard_pixel_cross_entropy(
    losses: Tensor, weights: Tensor | None = None, *, top_ratio: float = 0.2
) -> Tensor:
    """Mean of the largest losses of a share of the pixels (DeeperLab).

    Args:
        losses: Cross entropy of each pixel, zero where its label is ignored,
            ``(B, H, W)``.
        weights: Factor of each pixel's loss, ``(B, H, W)``, applied before the choice.
            A pixel of weight zero (padding) is not counted as a pixel; None: all are.
        top_ratio: Share of the counted pixels **of the batch** that is kept, in (0, 1].

    Returns:
        A scalar; zero, still attached to the graph, when no pixel is counted.
    """
    if weights is None:
        weights = losses.new_ones(()).expand_as(losses)
    count = ((weights > 0).sum().double() * top_ratio).long().clamp(min=1)
    losses = (losses * weights).flatten()
    if top_ratio == 1:
        return losses.sum() / count
    most = max(1, int(top_ratio * losses.numel()))
    hardest = losses.topk(most).values  # (most,), the largest first
    kept = torch.arange(most, device=losses.device) < count
    return (hardest * kept).sum() / count


def pixel_losses(logits: Tensor, labels: Tensor, *, ignore_index: int) -> Tensor:
    """Cross entropy at the labels' resolution, zero where ignored, ``(B, H, W)``.

    Args:
        logits: Class logits, resized bilinearly if they are smaller, ``(B, N, h, w)``.
        labels: Classes, int64, ``(B, H, W)``.
        ignore_index: Label of pixels without loss.
    """
    logits = logits.float().contiguous()  # cross_entropy would copy the large map
    if logits.shape[2:] != labels.shape[1:]:
        logits = F.interpolate(logits, labels.shape[1:], mode='bilinear')
    return F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction='none')


@MODELS.register_module()
class HardPixelCrossEntropy(nn.Module):
    """:func:`hard_pixel_cross_entropy` as a configured loss.

    Args:
        top_ratio: Share of the pixels of the batch that is kept, in (0, 1].
        count_padding: Whether pixels of weight zero are counted as pixels of the share,
            as in detectron2, where padding lowers the loss.
        recompute: Whether the pixels' losses are computed again in the backward pass,
            one image at a time, which saves the memory of class logits at full
            resolution: for many classes on large images.
        ignore_index: Label of pixels without loss; they are counted as pixels.
        loss_weight: Factor of the result.

    Raises:
        ValueError: ``top_ratio`` is outside (0, 1].
    """

    def __init__(
        self,
        *,
        top_ratio: float = 0.2,
        count_padding: bool = False,
        recompute: bool = False,
        ignore_index: int = 255,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < top_ratio <= 1:
            raise ValueError(f'top_ratio must lie in (0, 1], but is {top_ratio}')
        self.top_ratio = top_ratio
        self.count_padding = count_padding
        self.recompute = recompute
        self.ignore_index = ignore_index
        self.loss_weight = loss_weight

    def forward(
        self, logits: Tensor, labels: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Weighted scalar loss.

        Args:
            logits: Class logits, at any resolution, ``(B, N, h, w)``.
            labels: Classes, int64, ``(B, H, W)``.
            weights: Factor of each pixel's loss, zero at padding, ``(B, H, W)``.
        """
        losses = self._pixel_losses(logits, labels)
        if weights is not None and self.count_padding:
            losses, weights = losses * weights, None
        return self.loss_weight * hard_pixel_cross_entropy(
            losses, weights, top_ratio=self.top_ratio
        )

    def _pixel_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        compute = partial(pixel_losses, ignore_index=self.ignore_index)
        if not (self.recompute and logits.requires_grad):
            return compute(logits, labels)
        images = zip(logits.split(1), labels.split(1), strict=True)
        return torch.cat(
            [checkpoint(compute, *image, use_reentrant=False) for image in images]
        )
