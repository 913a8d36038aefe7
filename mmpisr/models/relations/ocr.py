"""Object-contextual representations (Yuan et al., ECCV 2020), Table 5's baseline."""

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput
from .fusion import GATE


@MODELS.register_module()
class OCRRelation(BaseRelation):
    """Relates the semantic classes to the feature map; instances are not read.

    Built from mmseg's OCR blocks, imported when a relation is made, so that this
    package imports without mmseg. The gather is a softmax **over space** of the class
    logits. Given probabilities it reads their logarithm, which a softmax over space
    turns into a mean under the mask.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K that the host fills.
        channels: Width of the features that are related.
        key_channels: Width of keys and queries.
        fusion: ``'residual'`` or ``'replace'``.
        gate: Weight of what the relation adds, at first; see :class:`Fusion`.
        detach_masks: Whether predictions pass no gradient through the relation.
        init_cfg: mmengine's initialisation config.

    Raises:
        ImportError: mmseg is not installed.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        channels: int = 128,
        key_channels: int = 64,
        fusion: str = 'residual',
        gate: float = GATE,
        detach_masks: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes=num_classes,
            num_instances=num_instances,
            fusion=fusion,
            gate=gate,
            detach_masks=detach_masks,
            init_cfg=init_cfg,
        )
        from mmseg.models.decode_heads.ocr_head import (
            ObjectAttentionBlock,
            SpatialGatherModule,
        )

        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.gather = SpatialGatherModule(scale=1)
        self.attend = ObjectAttentionBlock(
            channels,
            key_channels,
            scale=1,
            conv_cfg=None,
            norm_cfg=dict(type='BN'),
            act_cfg=dict(type='ReLU'),
        )
        self.restore = nn.Conv2d(channels, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Gather a context per class, attend to it, return to C channels."""
        feats = self.reduce(inputs.feats)  # (B, D, H, W)

        logits = _log_probs(inputs.masks[:, : self.num_classes], inputs.pixel_mask)
        context = self.gather(feats, logits)  # (B, D, N, 1)

        return RelationOutput(feats=self.restore(self.attend(feats, context)))


def _log_probs(probs: Tensor, pixel_mask: Tensor) -> Tensor:
    """Logarithm of probabilities, so low at padding that a softmax gives zero there."""
    floor = 1e-6
    logits = probs.float().clamp(min=floor).log()
    return torch.where(pixel_mask, logits, -1e4)
