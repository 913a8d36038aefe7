"""How F', made from the finest level of a pyramid, reaches the other levels."""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F


def join_pyramid(feats: Sequence[Tensor], related: Tensor) -> tuple[Tensor, ...]:
    """Put F' where F was, and add what it has changed to the coarser levels.

    Args:
        feats: Levels ``(B, C, h, w)`` of a pyramid; the first and finest is F.
        related: F', in the frame and shape of F.

    Returns:
        Levels of the same shapes; equal to the given ones where F' equals F.
    """
    change = related - feats[0]
    coarser = [
        level + F.adaptive_avg_pool2d(change, (level.shape[2], level.shape[3]))
        for level in feats[1:]
    ]
    return related, *coarser
