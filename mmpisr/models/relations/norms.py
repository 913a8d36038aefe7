"""Normalisation over the channels of each pixel.

No pixel depends on another one, so that neither the batch, nor padding, nor the
difference between training and testing changes a result.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .precision import without_autocast

EPS = 1e-5


class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel of ``(B, C, H, W)``.

    As ``norm_cfg=dict(type=ChannelLayerNorm)`` it takes the place of a batch norm.
    """

    def forward(self, feats: Tensor) -> Tensor:
        """Normalise in float32, in and out in the dtype of the features."""
        weight, bias = self.weight.to(feats.dtype), self.bias.to(feats.dtype)
        pixels = feats.permute(0, 2, 3, 1)  # (B, H, W, C)
        with without_autocast(feats):
            normed = F.layer_norm(pixels, self.normalized_shape, weight, bias, self.eps)
        return normed.permute(0, 3, 1, 2)  # (B, C, H, W)


class _NormaliseChannels(torch.autograd.Function):
    """Layer normalisation that saves its output, which what follows saves as well.

    ``layer_norm`` saves its input: one more map of all features.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor) -> Tensor:
        """Normalise ``(..., C)``."""
        shape = pixels.shape[-1:]
        normed, _, rstd = torch.native_layer_norm(pixels, shape, None, None, EPS)
        ctx.save_for_backward(normed, rstd)
        return normed

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        """The gradient of an output that is its own normalised input, times 1/std."""
        normed, rstd = ctx.saved_tensors
        zero, one = torch.zeros_like(rstd), torch.ones_like(rstd)
        shape, wanted = normed.shape[-1:], [True, False, False]
        to_input, _, _ = torch.ops.aten.native_layer_norm_backward(
            grad.contiguous(), normed, shape, zero, one, None, None, wanted
        )
        return (to_input * rstd).to(grad.dtype)


def normalise_channels(feats: Tensor) -> Tensor:
    """Bring the channels of each pixel to a mean of zero and a variance of one.

    Args:
        feats: ``(B, C, H, W)``.

    Returns:
        The same shape and dtype, in memory channels last.
    """
    with without_autocast(feats):
        pixels = feats.permute(0, 2, 3, 1).contiguous()  # (B, H, W, C)
        return _NormaliseChannels.apply(pixels).permute(0, 3, 1, 2)
