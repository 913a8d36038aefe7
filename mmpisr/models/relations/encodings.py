"""Panoptic encodings: one feature vector a class and instance (Sec. 3.2)."""

import torch
from torch import Tensor

from .precision import float32_products

NORMALISERS = ('mass', 'area')


def panoptic_encodings(
    feats: Tensor,
    masks: Tensor,
    *,
    pixel_mask: Tensor | None = None,
    normaliser: str = 'mass',
    eps: float = 1e-6,
) -> Tensor:
    """Summarise the features under each soft mask (Sec. 3.2, E = P F^T up to scale).

    Args:
        feats: Features at their own stride, ``(B, C, H, W)``.
        masks: Non-negative weights in the same frame, ``(B, L, H, W)``; a row may be
            all zero.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; read by ``'area'``.
        normaliser: Divide by the mask's ``'mass'`` (a mean under the mask) or by the
            ``'area'`` of the image (a large mask gives a large encoding), in pixels.
        eps: Added to the divisor, so that an empty mask gives zeros.

    Returns:
        Encodings, ``(B, L, C)``, float32.

    Raises:
        ValueError: The normaliser is unknown.
    """
    if normaliser not in NORMALISERS:
        raise ValueError(f'normaliser must be one of {NORMALISERS}, got {normaliser!r}')
    with float32_products(feats.device):
        feats, masks = feats.float().flatten(2), masks.float().flatten(2)  # (B, *, HW)
        total = torch.bmm(masks, feats.transpose(1, 2))  # (B, L, C)

        if normaliser == 'mass':
            return total / (masks.sum(dim=2, keepdim=True) + eps)
        if pixel_mask is None:
            return total / (masks.shape[2] + eps)
        return total / (pixel_mask.flatten(1).sum(dim=1)[:, None, None] + eps)


def mask_confidence(masks: Tensor, *, eps: float = 1e-6) -> Tensor:
    """Tell what an image shows from what is nowhere in it: ``sum(m^2) / sum(m)``.

    The mean of a mask under itself, whatever its size: near one for a class that some
    pixels are sure of, near zero for one that all pixels give a small probability. A
    heatmap that falls off as a Gaussian has half its peak.

    Args:
        masks: Weights in [0, 1], ``(B, L, H, W)``.
        eps: Added to the divisor, so that an empty mask gives zero.

    Returns:
        Confidence in [0, 1], ``(B, L)``, float32.
    """
    masks = masks.float().flatten(2)  # (B, L, HW)
    return masks.square().sum(dim=2) / (masks.sum(dim=2) + eps)


def category_rows(values: Tensor, num_classes: int) -> Tensor:
    """Number the parameters that categories have: one a class, one for all slots.

    Args:
        values: One row a category, ``(B, L, ...)``.
        num_classes: N.

    Returns:
        0 to N - 1 for the classes, N for every slot, int64, ``(L,)``.
    """
    return torch.arange(values.shape[1], device=values.device).clamp(max=num_classes)
