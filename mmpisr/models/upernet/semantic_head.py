"""Semantic head on all levels of a pyramid at once (UPerNet)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.seg_heads import PanopticFPNHead
from torch import Tensor

from mmpisr.registry import MODELS


@MODELS.register_module()
class UPerNetHead(PanopticFPNHead):
    """Resize all levels to the finest, join them, fuse them, classify each pixel.

    Classes, loss and prediction are those of mmdet's ``PanopticFPNHead``: stuff first,
    all things in one last channel, as ``HeuristicFusionHead`` reads them; the loss is
    taken at a quarter of the image's size, which is the finest level's.

    Args:
        in_channels: Channels of each level.
        num_things_classes: Number of thing classes in the labels.
        num_stuff_classes: Number of stuff classes; the head has one class more.
        channels: Channels of the fused map.
        num_levels: How many levels are fused, from the finest on.
        norm_cfg: Normalisation of the fused map; GN of 32 groups if unset.
        loss_seg: Config of the loss; cross entropy without label 255 if unset.
        init_cfg: mmengine's initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_things_classes: int,
        num_stuff_classes: int,
        channels: int = 256,
        num_levels: int = 4,
        norm_cfg: dict | None = None,
        loss_seg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_things_classes=num_things_classes,
            num_stuff_classes=num_stuff_classes,
            in_channels=in_channels,
            inner_channels=channels,
            end_level=0,  # none of Panoptic-FPN's own layers for the levels
            loss_seg=loss_seg or dict(type='mmdet.CrossEntropyLoss', ignore_index=255),
            init_cfg=init_cfg,
        )
        self.num_levels = num_levels
        self.fuse = ConvModule(
            num_levels * in_channels,
            channels,
            3,
            padding=1,
            norm_cfg=norm_cfg or dict(type='GN', num_groups=32),
        )

    def forward(self, x: Sequence[Tensor]) -> dict[str, Tensor]:
        """Logits from the pyramid.

        Args:
            x: Levels, finest first, ``(B, in_channels, H_i, W_i)``; those past
                ``num_levels`` are not used.

        Returns:
            In the frame of the finest level: ``seg_preds``, logits of the stuff classes
            and of things ``(B, num_stuff_classes + 1, H, W)``, and ``seg_feats``
            ``(B, channels, H, W)``.

        Raises:
            ValueError: There are fewer levels than ``num_levels``.
        """
        if len(x) < self.num_levels:
            raise ValueError(f'num_levels is {self.num_levels}, but {len(x)} are given')
        size = x[0].shape[-2:]
        levels = [
            F.interpolate(level, size, mode='bilinear')
            for level in x[: self.num_levels]
        ]  # (B, C, H, W) each

        seg_feats = self.fuse(torch.cat(levels, dim=1))

        return dict(seg_preds=self.conv_logits(seg_feats), seg_feats=seg_feats)
