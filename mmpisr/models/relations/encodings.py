"""Panoptic encodings and their reweighting (Sec. 3.2 and 3.3, Fig. 3 a and b)."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .base import RelationInputs, at_least_float32, without_autocast

LEAST_CONFIDENCE = 1e-4  # bounds the logit of the confidence of an empty mask


def normalise_channels(feats: Tensor, pixel_mask: Tensor | None = None) -> Tensor:
    """Bring the channels of each pixel to a mean of zero and a variance of one.

    Args:
        feats: ``(B, C, H, W)``.
        pixel_mask: False marks padding, which becomes zero, ``(B, 1, H, W)`` bool;
            None: there is none.

    Returns:
        The same shape and dtype, channels last in memory.
    """
    with without_autocast(feats):
        pixels = feats.permute(0, 2, 3, 1).contiguous()  # (B, H, W, C)
        normed = _NormaliseChannels.apply(pixels).permute(0, 3, 1, 2)  # (B, C, H, W)
    return normed if pixel_mask is None else torch.where(pixel_mask, normed, 0)


class _NormaliseChannels(torch.autograd.Function):
    """Layer normalisation that saves its output for backward in place of its input.

    The layers that read the output save it too, so that ``layer_norm``, which saves its
    input, would keep one more map of all features.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor) -> Tensor:
        """Normalise ``(..., C)``."""
        shape = pixels.shape[-1:]
        normed, _, rstd = torch.native_layer_norm(pixels, shape, None, None, 1e-5)
        ctx.save_for_backward(normed, rstd)
        return normed

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        """Gradient for an input that is normalised already, times 1/std."""
        normed, rstd = ctx.saved_tensors
        zero, one = torch.zeros_like(rstd), torch.ones_like(rstd)
        shape, wanted = normed.shape[-1:], [True, False, False]
        to_input, _, _ = torch.ops.aten.native_layer_norm_backward(
            grad.contiguous(), normed, shape, zero, one, None, None, wanted
        )
        return (to_input * rstd).to(grad.dtype)


class MaskSums(NamedTuple):
    """Sums over the pixels of soft masks, float32 (float64 for float64 features)."""

    feats: Tensor
    """Features under each mask, ``P F^T`` (Sec. 3.2), ``(B, L, C)``."""
    mass: Tensor
    """Values of each mask, ``(B, L)``."""
    squares: Tensor
    """Squared values of each mask, ``(B, L)``."""


def mask_sums(feats: Tensor, masks: Tensor) -> MaskSums:
    """Sum features and masks over the pixels, in float32 also under autocast.

    Args:
        feats: Features at their own stride, zero at padding, ``(B, C, H, W)``.
        masks: Non-negative weights in the same frame, zero at padding,
            ``(B, L, H, W)``; a mask may be zero everywhere.
    """
    with without_autocast(feats):
        return MaskSums(*_SumInFloat32.apply(feats.flatten(2), masks.flatten(2)))


class _SumInFloat32(torch.autograd.Function):
    """The sums of :func:`mask_sums`; saves its inputs in the dtype that they have.

    A half precision sum over 256 x 512 pixels overflows (float16) or rounds away the
    difference between two encodings (bfloat16); float32 copies of the maps would double
    the memory that is saved for backward.
    """

    @staticmethod
    def forward(
        ctx: Any, feats: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sum ``feats (B, C, M)`` under ``masks (B, L, M)``."""
        ctx.save_for_backward(feats, masks)
        feats, masks = at_least_float32(feats), at_least_float32(masks)
        total = torch.bmm(masks, feats.transpose(1, 2))  # (B, L, C)
        return total, masks.sum(2), torch.linalg.vector_norm(masks, dim=2).square()

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, to_total: Tensor, to_mass: Tensor, to_squares: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """Gradients in the dtypes of the inputs."""
        feats, masks = ctx.saved_tensors
        wide_feats, wide_masks = at_least_float32(feats), at_least_float32(masks)
        to_feats = to_masks = None
        if ctx.needs_input_grad[0]:
            pixels = torch.bmm(wide_masks.transpose(1, 2), to_total)  # (B, M, C)
            to_feats = pixels.transpose(1, 2).to(feats.dtype)
        if ctx.needs_input_grad[1]:
            to_masks = torch.baddbmm(to_mass.unsqueeze(2), to_total, wide_feats)
            to_masks = to_masks.addcmul_(wide_masks, 2 * to_squares.unsqueeze(2))
            to_masks = to_masks.to(masks.dtype)
        return to_feats, to_masks


def category_sums(inputs: RelationInputs) -> MaskSums:
    """Sums under the masks of all classes and slots; zero for an empty slot.

    The two groups of masks are summed separately, because joining them first would copy
    all maps.
    """
    classes = mask_sums(inputs.feats, inputs.sem_probs)
    slots = mask_sums(inputs.feats, inputs.inst_heatmaps)
    feats, mass, squares = (
        torch.cat(pair, dim=1) for pair in zip(classes, slots, strict=True)
    )
    valid = inputs.valid
    return MaskSums(
        feats.where(valid.unsqueeze(2), 0),  # (B, L, C)
        mass.where(valid, 0),
        squares.where(valid, 0),
    )


def panoptic_encodings(
    sums: MaskSums, area: Tensor | None = None, *, eps: float = 1e-6
) -> Tensor:
    """Summarise the features under each soft mask (Sec. 3.2, E = P F^T up to scale).

    Args:
        sums: Sums of features and masks.
        area: Divisor in pixels, ``(B or 1, 1)``, with which a large mask has a large
            encoding; None: the mass of each mask, which gives the mean under the mask.
        eps: Added to the divisor, so that an empty mask gives zeros.

    Returns:
        Encodings, ``(B, L, C)``.
    """
    divisor = sums.mass if area is None else area
    return sums.feats / (divisor + eps).unsqueeze(2)


def valid_area(maps: Tensor, pixel_mask: Tensor | None = None) -> Tensor:
    """Number of valid pixels, at least one: ``(B, 1)``, ``(1, 1)`` without padding.

    Args:
        maps: Maps of the batch, ``(B, *, H, W)``.
        pixel_mask: False marks padding, ``(B, 1, H, W)`` bool; None: there is none.
    """
    if pixel_mask is None:
        return torch.full((1, 1), maps[0, 0].numel(), device=maps.device)
    return pixel_mask.flatten(1).sum(dim=1, keepdim=True).clamp(min=1)


def parameter_index(values: Tensor, num_classes: int) -> Tensor:
    """Index of each category's own parameters: one per class, one for all slots.

    Args:
        values: One row per category, ``(B, L, ...)``.
        num_classes: N.

    Returns:
        0 to N - 1 for the classes, N for every slot, int64, ``(L,)``.
    """
    return torch.arange(values.shape[1], device=values.device).clamp(max=num_classes)


def mask_confidence(sums: MaskSums, *, eps: float = 1e-6) -> Tensor:
    """Mask-weighted mean of each mask, ``sum(m^2) / sum(m)``, of any size.

    Near 1 if the mask is confident anywhere, near 0 if the class is absent and each
    pixel gives it a small probability; half its peak for a Gaussian heatmap.

    Args:
        sums: Sums of masks with values in [0, 1].
        eps: Added to the divisor, so that an empty mask gives zero.

    Returns:
        Confidence in [0, 1], ``(B, L)``.
    """
    return sums.squares / (sums.mass + eps)


class EncodingReweighting(nn.Module):
    """Two fully connected layers that score each encoding on its own (Sec. 3.3).

    ``w = sigmoid(FC(ReLU(FC(E))))``. Classes and instances share the network, which
    therefore works for any number of slots.

    Differs from the paper: with ``scores_from_confidence`` the logit of the masks'
    confidence is added before the sigmoid, so that the scores of an untrained network
    are close to the confidence.

    Args:
        in_channels: Channels C of an encoding.
        hidden_channels: Channels of the hidden layer. Not given in the paper; chosen
            here. 0: there is no network, the scores are the confidence.
        scores_from_confidence: Whether the confidence is added.

    Raises:
        ValueError: Neither a network nor the confidence makes scores.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        hidden_channels: int = 64,
        scores_from_confidence: bool = True,
    ) -> None:
        super().__init__()
        if not hidden_channels and not scores_from_confidence:
            raise ValueError(
                'scores need a network or the confidence of the masks, got '
                'hidden_channels=0 and scores_from_confidence=False; set either, or '
                'reweight=False in the relation for no scores'
            )
        self.scores_from_confidence = scores_from_confidence
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
        """Score each category; an empty slot scores zero.

        Args:
            encodings: ``(B, L, C)``.
            valid: False marks an empty slot, ``(B, L)`` bool.
            confidence: Confidence of the masks in [0, 1], ``(B, L)``.

        Returns:
            Scores w in [0, 1], ``(B, L)``.
        """
        logits = torch.zeros_like(confidence)
        if self.score is not None:
            logits = self.score(encodings).squeeze(-1)
        if self.scores_from_confidence:
            logits = logits + confidence.logit(eps=LEAST_CONFIDENCE)
        return logits.sigmoid() * valid
