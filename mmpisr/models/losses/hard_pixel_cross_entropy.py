"""Cross entropy over the hardest pixels of a batch (DeeperLab, Panoptic-DeepLab)."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmpisr.registry import MODELS


def hard_pixel_cross_entropy(
    losses: Tensor, weights: Tensor | None = None, *, top_ratio: float = 0.2
) -> Tensor:
    """Mean of the largest losses of a share of the pixels.

    Args:
        losses: Cross entropy of each pixel, zero where its label is ignored,
            ``(B, H, W)``.
        weights: Factor of each pixel's loss, ``(B, H, W)``, applied before the choice.
            A pixel without weight (padding) does not count as a pixel; None: all do.
        top_ratio: Share of the counted pixels **of the batch** that is kept, in (0, 1].

    Returns:
        A scalar; zero, still attached to the graph, when no pixel counts.
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
        ignore_index: Label of pixels that teach nothing.
    """
    logits = logits.float()
    if logits.shape[2:] != labels.shape[1:]:
        logits = F.interpolate(logits, labels.shape[1:], mode='bilinear')
    return F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction='none')


@MODELS.register_module()
class HardPixelCrossEntropy(nn.Module):
    """:func:`hard_pixel_cross_entropy` as a configured loss.

    Args:
        top_ratio: Share of the pixels of the batch that is kept, in (0, 1].
        count_padding: Whether pixels without weight count as pixels of the share, as
            in detectron2, where padding lowers the loss.
        recompute: Whether the pixels' losses are computed again in the backward pass,
            one image at a time, in place of keeping class logits at full resolution:
            for many classes on large images.
        ignore_index: Label of pixels that teach nothing; they count as pixels.
        loss_weight: Factor of the result.

    Raises:
        ValueError: If ``top_ratio`` is outside (0, 1].
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
