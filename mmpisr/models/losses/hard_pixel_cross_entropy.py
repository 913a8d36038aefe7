"""Cross entropy over the hardest pixels of a batch (DeeperLab, Panoptic-DeepLab)."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmpisr.registry import MODELS


def hard_pixel_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor | None = None,
    *,
    top_ratio: float = 0.2,
    ignore_index: int = 255,
) -> Tensor:
    """Mean cross entropy of the share of pixels with the largest one.

    Args:
        logits: Class logits, ``(B, N, H, W)``.
        labels: Classes, int64, ``(B, H, W)``; ``ignore_index`` counts as no loss, but
            counts as a pixel of the share.
        weights: Factor of each pixel's loss, ``(B, H, W)``, applied before the choice.
        top_ratio: Share of all pixels **of the batch** that is kept, in (0, 1].
        ignore_index: Label of pixels that teach nothing.

    Returns:
        A scalar; zero, still attached to the graph, when every pixel is ignored.
    """
    losses = F.cross_entropy(
        logits.float(), labels, ignore_index=ignore_index, reduction='none'
    )  # (B, H, W)
    if weights is not None:
        losses = losses * weights
    if top_ratio == 1:
        return losses.mean()
    count = max(1, int(top_ratio * losses.numel()))
    return losses.flatten().topk(count, sorted=False).values.mean()


@MODELS.register_module()
class HardPixelCrossEntropy(nn.Module):
    """``hard_pixel_cross_entropy`` as a configured loss.

    Args:
        top_ratio: Share of all pixels of the batch that is kept, in (0, 1].
        ignore_index: Label of pixels that teach nothing.
        loss_weight: Factor of the result.

    Raises:
        ValueError: If ``top_ratio`` is outside (0, 1].
    """

    def __init__(
        self,
        *,
        top_ratio: float = 0.2,
        ignore_index: int = 255,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < top_ratio <= 1:
            raise ValueError(f'top_ratio must lie in (0, 1], but is {top_ratio}')
        self.top_ratio = top_ratio
        self.ignore_index = ignore_index
        self.loss_weight = loss_weight

    def forward(
        self, logits: Tensor, labels: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Weighted scalar loss; shapes as in ``hard_pixel_cross_entropy``."""
        return self.loss_weight * hard_pixel_cross_entropy(
            logits,
            labels,
            weights,
            top_ratio=self.top_ratio,
            ignore_index=self.ignore_index,
        )
