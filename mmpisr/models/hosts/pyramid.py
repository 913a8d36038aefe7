"""How F', made from the finest level of a pyramid, reaches the other levels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def join_pyramid(
    feats: Sequence[Tensor], related: Tensor, pixel_mask: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Put F' where F was, and add what it has changed to the coarser levels.

    A pixel of a coarser level gets the mean change of the valid pixels below it.

    Args:
        feats: Levels ``(B, C, h, w)`` of a pyramid; the first and finest is F, each
            further one has half the size of the one before, rounded up.
        related: F', in the frame and shape of F.
        pixel_mask: False marks padding of F, ``(B, h, w)`` bool; None: there is none.

    Returns:
        Levels of the same shapes; equal to the given ones where F' equals F.

    Raises:
        ValueError: The levels do not halve; names both sizes.
    """
    change, share = related - feats[0], None
    if pixel_mask is not None:
        share = pixel_mask.unsqueeze(1).to(change.dtype)  # (B, 1, h, w)
        change = torch.where(pixel_mask.unsqueeze(1), change, 0)

    levels = [related]
    for level in feats[1:]:
        change, share = _halve(change, share)
        if change.shape != level.shape:
            raise ValueError(
                f'a level of the pyramid is {tuple(level.shape)}, expected '
                f'{tuple(change.shape)}: half of the one before, rounded up'
            )
        levels.append(level + change)
    return tuple(levels)


def _halve(change: Tensor, share: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Mean of the valid pixels in windows of 2 x 2, and whether there are any."""

    def pool(values: Tensor) -> Tensor:
        # adaptive pooling has no deterministic backward on GPUs
        return F.avg_pool2d(values, 2, ceil_mode=True, count_include_pad=False)

    if share is None:
        return pool(change), None
    pooled = pool(share)
    return pool(change) / pooled.clamp(min=0.25), (pooled > 0).to(change.dtype)
