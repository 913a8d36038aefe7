"""Concatenation of predictions and features (Table 5)."""

import torch
from torch import nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput, check_slots
from .fusion import GATE


@MODELS.register_module()
class ConcatRelation(BaseRelation):
    """Stack S, I and F and project them to C channels.

    Differs from the paper: which stacks only; the 1x1 projection keeps the final
    stage's heads as they are, whatever K is.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K; fixed, as weights belong to a rank.
        fusion: ``'residual'`` or ``'replace'``.
        gate: Weight of what the relation adds, at first; see :class:`Fusion`.
        detach_masks: Whether predictions pass no gradient through the relation.
        init_cfg: mmengine's initialisation config.

    Raises:
        ValueError: The heatmaps do not have K slots.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
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
        stacked = in_channels + num_classes + num_instances
        self.project = nn.Conv2d(stacked, in_channels, 1)

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Stack and project."""
        check_slots(inputs.masks, self.num_classes, self.num_instances)
        stacked = torch.cat(
            [inputs.masks.to(inputs.feats.dtype), inputs.feats], dim=1
        )  # (B, L + C, H, W)
        return RelationOutput(feats=self.project(stacked))
