"""Object-contextual representations (Yuan et al., ECCV 2020), Table 5's baseline."""

from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import (
    BaseRelation,
    ChannelLayerNorm,
    RelationInputs,
    RelationOutput,
    at_least_float32,
)


@MODELS.register_module()
class OCRRelation(BaseRelation):
    """Relate the semantic classes to the feature map with mmseg's OCR blocks.

    Instances are not read. The context of a class is the mean of the features under its
    mask: mmseg's gather takes a softmax **over space** of class logits, and the
    logarithm of the probabilities S serves as logits.

    Differs from OCR: its batch norms are :class:`ChannelLayerNorm`, as in the other
    relations, so that a result does not depend on the batch or on padding.

    Args:
        in_channels: Channels C of the feature map.
        channels: Channels of the features that are related.
        key_channels: Channels of keys and queries.
        **shared: See :class:`BaseRelation`.

    Raises:
        ImportError: mmseg is not installed.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        channels: int = 128,
        key_channels: int = 64,
        **shared: Any,
    ) -> None:
        super().__init__(in_channels, **shared)
        # imported here so that the other relations work without mmseg
        from mmseg.models.decode_heads.ocr_head import (
            ObjectAttentionBlock,
            SpatialGatherModule,
        )

        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            ChannelLayerNorm(channels),
            nn.ReLU(inplace=True),
        )
        self.gather = SpatialGatherModule(scale=1)
        self.attend = ObjectAttentionBlock(
            channels,
            key_channels,
            scale=1,
            conv_cfg=None,
            norm_cfg=dict(type=ChannelLayerNorm),
            act_cfg=dict(type='ReLU'),
        )
        self.restore = nn.Conv2d(channels, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Gather a context for each class, attend to it, return to C channels."""
        feats = self.reduce(inputs.feats)  # (B, D, H, W)

        logits = _log_probs(inputs.sem_probs, inputs.pixel_mask)
        context = self.gather(feats, logits)  # (B, D, N, 1)

        return RelationOutput(feats=self.restore(self.attend(feats, context)))


def _log_probs(probs: Tensor, pixel_mask: Tensor | None) -> Tensor:
    """Logarithm of S; at padding so low that a softmax over space gives zero there."""
    logits = at_least_float32(probs).clamp(min=1e-6).log()
    return logits if pixel_mask is None else torch.where(pixel_mask, logits, -1e4)
