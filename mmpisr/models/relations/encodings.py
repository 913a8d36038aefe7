"""Panoptic encodings and their reweighting (Sec. 3.2 and 3.3, Fig. 3 a and b)."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .precision import wide, without_autocast

LEAST_CONFIDENCE = 1e-4  # bounds the logit of a class that no pixel shows


class MaskSums(NamedTuple):
    """Sums over the pixels of soft masks, float32 (float64 for float64 features)."""

    feats: Tensor
    """``P F^T``: features under each mask (Sec. 3.2), ``(B, L, C)``."""
    mass: Tensor
    """Of each mask, in pixels, ``(B, L)``."""
    squares: Tensor
    """Of each mask's squared values, ``(B, L)``."""


class _MaskSums(torch.autograd.Function):
    """The three sums in float32, saving the maps in the dtype that they have.

    A half precision sum over a map of 256 x 512 pixels overflows (float16) or loses
    what tells two encodings apart (bfloat16); float32 copies of the maps would double
    what is saved for backward.
    """

    @staticmethod
    def forward(
        ctx: Any, feats: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sum ``feats (B, C, M)`` under ``masks (B, L, M)``."""
        ctx.save_for_backward(feats, masks)
        feats, masks = wide(feats), wide(masks)
        total = torch.bmm(masks, feats.transpose(1, 2))  # (B, L, C)
        return total, masks.sum(2), torch.linalg.vector_norm(masks, dim=2).square()

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, to_total: Tensor, to_mass: Tensor, to_squares: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """Gradients in the dtypes of the inputs."""
        feats, masks = ctx.saved_tensors
        to_feats = to_masks = None
        if ctx.needs_input_grad[0]:
            pixels = torch.bmm(wide(masks).transpose(1, 2), to_total)  # (B, M, C)
            to_feats = pixels.transpose(1, 2).to(feats.dtype)
        if ctx.needs_input_grad[1]:
            each = to_mass.unsqueeze(2)  # (B, L, 1)
            to_masks = torch.baddbmm(each, to_total, wide(feats))
            to_masks = to_masks.addcmul_(wide(masks), 2 * to_squares.unsqueeze(2))
            to_masks = to_masks.to(masks.dtype)
        return to_feats, to_masks


def mask_sums(feats: Tensor, masks: Tensor) -> MaskSums:
    """Sum features and masks over the pixels, whatever autocast is active.

    Args:
        feats: Features at their own stride, zero at padding, ``(B, C, H, W)``.
        masks: Non-negative weights in the same frame, zero at padding,
            ``(B, L, H, W)``; a row may be all zero.
    """
    with without_autocast(feats):
        return MaskSums(*_MaskSums.apply(feats.flatten(2), masks.flatten(2)))


def panoptic_encodings(
    sums: MaskSums, area: Tensor | None = None, *, eps: float = 1e-6
) -> Tensor:
    """Summarise the features under each soft mask (Sec. 3.2, E = P F^T up to scale).

    Args:
        sums: Of features and masks.
        area: Divide by it, ``(B or 1, 1)`` in pixels (a large mask then has a large
            encoding); None: by the mask's mass (a mean under the mask).
        eps: Added to the divisor, so that an empty mask gives zeros.

    Returns:
        Encodings, ``(B, L, C)``.
    """
    divisor = sums.mass if area is None else area
    return sums.feats / (divisor + eps).unsqueeze(2)


def valid_area(maps: Tensor, pixel_mask: Tensor | None = None) -> Tensor:
    """Valid pixels of each image, at least one, ``(B, 1)``, or one number for all.

    Args:
        maps: Maps of the batch, ``(B, *, H, W)``.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; None: there is none.
    """
    if pixel_mask is None:
        return torch.full((1, 1), maps[0, 0].numel(), device=maps.device)
    return pixel_mask.flatten(1).sum(dim=1, keepdim=True).clamp(min=1)


def mask_confidence(sums: MaskSums, *, eps: float = 1e-6) -> Tensor:
    """Mean of each mask under itself, ``sum(m^2) / sum(m)``, whatever its size.

    Near one for a class that some pixels are sure of, near zero for one that all
    pixels give a small probability. A heatmap that falls off as a Gaussian has half
    its peak.

    Args:
        sums: Of masks with values in [0, 1].
        eps: Added to the divisor, so that an empty mask gives zero.

    Returns:
        Confidence in [0, 1], ``(B, L)``.
    """
    return sums.squares / (sums.mass + eps)


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
