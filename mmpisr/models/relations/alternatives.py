"""The alternatives of Table 5 beside OCR, and a convolution as capacity control."""

from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput
from .norms import ChannelLayerNorm


@MODELS.register_module()
class ConcatRelation(BaseRelation):
    """Stack S, I and F and project them to C channels.

    Differs from the paper: there the stack itself is what the final stage reads; the
    1x1 projection keeps the final heads as they are, whatever K is.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K; fixed, as weights belong to a rank.
        **shared: See :class:`BaseRelation`.

    Raises:
        ValueError: The heatmaps do not have K slots.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        **shared: Any,
    ) -> None:
        super().__init__(
            in_channels, num_classes=num_classes, num_instances=num_instances, **shared
        )
        stacked = in_channels + num_classes + num_instances
        self.project = nn.Conv2d(stacked, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Stack and project."""
        masks = _stacked_masks(inputs, self.num_instances)
        stacked = torch.cat([masks, inputs.feats], dim=1)  # (B, L + C, H, W)
        return RelationOutput(feats=self.project(stacked))


@MODELS.register_module()
class ProductRelation(BaseRelation):
    """Bring S and I to C channels with a 1x1 convolution and multiply by F.

    Differs from the paper: there the product alone is what the final stage reads; here
    it is fused as any relation's features are.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K; fixed, as weights belong to a rank.
        **shared: See :class:`BaseRelation`.

    Raises:
        ValueError: The heatmaps do not have K slots.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        **shared: Any,
    ) -> None:
        super().__init__(
            in_channels, num_classes=num_classes, num_instances=num_instances, **shared
        )
        self.match = nn.Conv2d(num_classes + num_instances, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Match the channels and multiply."""
        factors = self.match(_stacked_masks(inputs, self.num_instances))
        return RelationOutput(feats=factors * inputs.feats)  # (B, C, H, W)


@MODELS.register_module()
class ConvRelation(BaseRelation):
    """A 3x3 convolution, a normalisation and a 1x1 convolution back to C channels.

    The capacity control that the paper lacks. It costs what PISR costs at equal
    ``channels`` (9 C D + C D multiplications a pixel against 9 C D + C D + L C), so
    that a gain of PISR over it is not a gain of parameters. Predictions are not read.

    Args:
        in_channels: Channels C of the feature map.
        channels: Width D of the 3x3 convolution.
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
    """S and I, zero for an empty slot, ``(B, L, H, W)``.

    Raises:
        ValueError: There are not K slots; with both numbers.
    """
    slots = inputs.inst_heatmaps.shape[1]
    if slots != num_instances:
        raise ValueError(
            f'inst_heatmaps: got {slots} slots, expected {num_instances} '
            '(num_instances): weights belong to the rank of a slot'
        )
    filled = inputs.valid[:, -slots:, None, None]  # (B, K, 1, 1)
    heatmaps = torch.where(filled, inputs.inst_heatmaps, 0)
    return torch.cat([inputs.sem_probs, heatmaps], dim=1)
