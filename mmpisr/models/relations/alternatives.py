"""The alternatives of Table 5 besides OCR, and a convolution of PISR's cost."""

from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, ChannelLayerNorm, RelationInputs, RelationOutput


@MODELS.register_module()
class ConcatRelation(BaseRelation):
    """Concatenate S, I and F and project them to C channels.

    Differs from the paper: there the final stage reads the concatenated maps. The 1x1
    projection keeps the shape of the final heads the same for each K.

    Args:
        in_channels: Channels C of the feature map.
        **shared: See :class:`BaseRelation`. The number of slots K is fixed, because
            each slot has weights of its own.

    Raises:
        ValueError: The heatmaps do not have K slots.
    """

    def __init__(self, in_channels: int, **shared: Any) -> None:
        super().__init__(in_channels, **shared)
        stacked = in_channels + self.num_classes + self.num_instances
        self.project = nn.Conv2d(stacked, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Concatenate and project."""
        masks = _stacked_masks(inputs, self.num_instances)
        stacked = torch.cat([masks, inputs.feats], dim=1)  # (B, L + C, H, W)
        return RelationOutput(feats=self.project(stacked))


@MODELS.register_module()
class ProductRelation(BaseRelation):
    """Bring S and I to C channels with a 1x1 convolution and multiply by F.

    Differs from the paper: there the final stage reads the product; here the product
    is fused with F as the output of each relation is.

    Args:
        in_channels: Channels C of the feature map.
        **shared: See :class:`BaseRelation`. The number of slots K is fixed, because
            each slot has weights of its own.

    Raises:
        ValueError: The heatmaps do not have K slots.
    """

    def __init__(self, in_channels: int, **shared: Any) -> None:
        super().__init__(in_channels, **shared)
        self.match = nn.Conv2d(self.num_classes + self.num_instances, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Match the channels and multiply."""
        factors = self.match(_stacked_masks(inputs, self.num_instances))
        return RelationOutput(feats=factors * inputs.feats)  # (B, C, H, W)


@MODELS.register_module()
class ConvRelation(BaseRelation):
    """A 3x3 convolution, a normalisation and a 1x1 convolution back to C channels.

    The control for capacity, which the paper does not have: it does not read S and I,
    and at equal ``channels`` it costs what PISR costs (9 C D + C D multiplications a
    pixel; PISR 9 C D + C D + L C). If PISR does not beat it, the gain over the base
    model comes from extra parameters.

    Args:
        in_channels: Channels C of the feature map.
        channels: Output channels D of the 3x3 convolution.
        **shared: See :class:`BaseRelation`.
    """

    def __init__(self, in_channels: int, *, channels: int = 128, **shared: Any) -> None:
        super().__init__(in_channels, **shared)
        self.convs = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            ChannelLayerNorm(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, in_channels, 1),
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Convolve the features."""
        return RelationOutput(feats=self.convs(inputs.feats))


def _stacked_masks(inputs: RelationInputs, num_instances: int) -> Tensor:
    """S and I, with zeros in empty slots, ``(B, L, H, W)``.

    Raises:
        ValueError: There are not K slots; names both numbers.
    """
    slots = inputs.inst_heatmaps.shape[1]
    if slots != num_instances:
        raise ValueError(
            f'inst_heatmaps: got {slots} slots, expected {num_instances} '
            '(num_instances): each slot has weights of its own'
        )
    valid = inputs.valid[:, -slots:, None, None]  # (B, K, 1, 1)
    heatmaps = torch.where(valid, inputs.inst_heatmaps, 0)
    return torch.cat([inputs.sem_probs, heatmaps], dim=1)
