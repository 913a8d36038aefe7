"""Panoptic encodings and their reweighting (Sec. 3.2 and 3.3, Fig. 3 a and b)."""

from typing import Any

import torch
from torch import Tensor, nn

from .precision import wide, wide_dtype, without_autocast

NORMALISERS = ('mass', 'area')
LEAST_CONFIDENCE = 1e-4  # bounds the logit of a class that no pixel shows


class _MaskedSums(torch.autograd.Function):
    """``P F^T`` in float32 that saves its inputs in the dtype that they have.

    A half precision sum over a map of 256 x 512 pixels overflows (float16) or loses
    what tells two encodings apart (bfloat16); float32 copies of the maps would double
    what is saved for backward.
    """

    @staticmethod
    def forward(ctx: Any, feats: Tensor, masks: Tensor) -> Tensor:
        """``feats (B, C, M)`` under ``masks (B, L, M)``, ``(B, L, C)``."""
        ctx.save_for_backward(feats, masks)
        with without_autocast(feats):
            return torch.bmm(wide(masks), wide(feats).transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:  # type: ignore[override]
        """Gradients in the dtypes of the inputs."""
        feats, masks = ctx.saved_tensors
        to_feats = to_masks = None
        if ctx.needs_input_grad[0]:
            to_feats = torch.bmm(grad.transpose(1, 2), wide(masks)).to(feats.dtype)
        if ctx.needs_input_grad[1]:
            to_masks = torch.bmm(grad, wide(feats)).to(masks.dtype)
        return to_feats, to_masks


def panoptic_encodings(
    feats: Tensor,
    masks: Tensor,
    *,
    mean: Tensor | None = None,
    pixel_mask: Tensor | None = None,
    normaliser: str = 'mass',
    eps: float = 1e-6,
) -> Tensor:
    """Summarise the features under each soft mask (Sec. 3.2, E = P F^T up to scale).

    Args:
        feats: Features at their own stride, zero at padding, ``(B, C, H, W)``.
        masks: Non-negative weights in the same frame, zero at padding,
            ``(B, L, H, W)``; a row may be all zero.
        mean: Subtracted from the features, ``(B, 1, C)``; None: nothing is.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; None: there is none.
        normaliser: Divide by the mask's ``'mass'`` (a mean under the mask) or by the
            ``'area'`` of the image (a large mask gives a large encoding), in pixels.
        eps: Added to the divisor, so that an empty mask gives zeros.

    Returns:
        Encodings, ``(B, L, C)``, float32 (float64 for float64 features).

    Raises:
        ValueError: The normaliser is unknown.
    """
    if normaliser not in NORMALISERS:
        raise ValueError(f'normaliser must be one of {NORMALISERS}, got {normaliser!r}')
    sums = _MaskedSums.apply(feats.flatten(2), masks.flatten(2))  # (B, L, C)
    mass = masks.sum(dim=(2, 3), dtype=wide_dtype(masks)).unsqueeze(2)  # (B, L, 1)
    if mean is not None:
        sums = sums - mass * mean
    divisor = mass if normaliser == 'mass' else valid_area(masks, pixel_mask)
    return sums / (divisor + eps)


def mean_feature(feats: Tensor, pixel_mask: Tensor | None = None) -> Tensor:
    """Mean of the features over the valid pixels of each image.

    Args:
        feats: Features, zero at padding, ``(B, C, H, W)``.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; None: there is none.

    Returns:
        ``(B, 1, C)``, float32 (float64 for float64 features).
    """
    total = feats.sum(dim=(2, 3), dtype=wide_dtype(feats)).unsqueeze(1)  # (B, 1, C)
    return total / valid_area(feats, pixel_mask)


def valid_area(maps: Tensor, pixel_mask: Tensor | None) -> Tensor:
    """Valid pixels of each image, at least one, ``(B, 1, 1)``, or one for all.

    Args:
        maps: Maps of the batch, ``(B, *, H, W)``.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; None: there is none.
    """
    dtype = wide_dtype(maps)
    if pixel_mask is None:
        return maps.new_full((1, 1, 1), maps[0, 0].numel(), dtype=dtype)
    return pixel_mask.flatten(1).sum(dim=1).clamp(min=1).to(dtype)[:, None, None]


def mask_confidence(masks: Tensor, *, eps: float = 1e-6) -> Tensor:
    """Mean of each mask under itself, ``sum(m^2) / sum(m)``, whatever its size.

    Near one for a class that some pixels are sure of, near zero for one that all
    pixels give a small probability. A heatmap that falls off as a Gaussian has half
    its peak.

    Args:
        masks: Weights in [0, 1], ``(B, L, H, W)``.
        eps: Added to the divisor, so that an empty mask gives zero.

    Returns:
        Confidence in [0, 1], ``(B, L)``, float32 (float64 for float64 masks).
    """
    masks, dtype = masks.flatten(2), wide_dtype(masks)
    norm = torch.linalg.vector_norm(masks, dim=2, dtype=dtype)  # (B, L)
    return norm.square() / (masks.sum(dim=2, dtype=dtype) + eps)


def category_rows(values: Tensor, num_classes: int) -> Tensor:
    """Number the parameters that categories have: one a class, one for all slots.

    Args:
        values: One row a category, ``(B, L, ...)``.
        num_classes: N.

    Returns:
        0 to N - 1 for the classes, N for every slot, int64, ``(L,)``.
    """
    return torch.arange(values.shape[1], device=values.device).clamp(max=num_classes)


class EncodingReweighting(nn.Module):
    """Two fully connected layers that score each encoding on its own (Sec. 3.3).

    ``w = sigmoid(FC(ReLU(FC(E))))``; the same network reads classes and instances, so
    that it works for any number of slots.

    Differs from the paper: with ``from_confidence`` the logit of the masks' confidence
    is added, so that the scores of an untrained network start near the confidence.

    Args:
        in_channels: Channels C of an encoding.
        hidden_channels: Width of the hidden layer; 0: no network, scores stay at the
            confidence. Our choice; not public.
        from_confidence: Whether scores start near the confidence.

    Raises:
        ValueError: There is neither a network nor a confidence.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        hidden_channels: int = 64,
        from_confidence: bool = True,
    ) -> None:
        super().__init__()
        if not hidden_channels and not from_confidence:
            raise ValueError(
                'scores need a network or a confidence, got hidden_channels=0 and '
                'from_confidence=False'
            )
        self.from_confidence = from_confidence
        self.score = (
            nn.Sequential(
                nn.Linear(in_channels, hidden_channels),
                nn.ReLU(inplace=True),
                nn.Linear(hidden_channels, 1),
            )
            if hidden_channels
            else None
        )

    def forward(self, encodings: Tensor, valid: Tensor, confidence: Tensor) -> Tensor:
        """Score encodings; an empty slot gets zero.

        Args:
            encodings: One a category, ``(B, L, C)``.
            valid: False marks an empty slot, ``(B, L)`` bool.
            confidence: Of their masks, in [0, 1], ``(B, L)``.

        Returns:
            Scores w in [0, 1], ``(B, L)``.
        """
        logits = torch.zeros_like(confidence)
        if self.score is not None:
            logits = self.score(encodings).squeeze(-1)
        if self.from_confidence:
            logits = logits + confidence.logit(eps=LEAST_CONFIDENCE)
        return logits.sigmoid() * valid
