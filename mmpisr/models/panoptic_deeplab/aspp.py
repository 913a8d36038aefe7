"""Atrous spatial pyramid pooling with a fixed pooling window (DeepLabV3+)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn


def windowed_mean(feats: Tensor, size: tuple[int, int] | None) -> Tensor:
    """Average over a window that slides by one pixel.

    Args:
        feats: Features, ``(B, C, H, W)``.
        size: Window as (height, width) in pixels of ``feats``, clipped to the map;
            None is the whole map.

    Returns:
        Means at the positions where the window fits: ``(B, C, H', W')`` with
        ``H' = H - h + 1`` and ``W' = W - w + 1``.
    """
    height, width = feats.shape[-2:]
    if size is None or (size[0] >= height and size[1] >= width):
        return feats.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1)
    rows = F.avg_pool2d(feats, (min(size[0], height), 1), stride=1)
    # one axis after the other costs h + w additions a window instead of h * w
    return F.avg_pool2d(rows, (1, min(size[1], width)), stride=1)  # (B, C, H', W')


class ASPP(BaseModule):
    """Parallel convolutions of several dilations, and an image-pooling branch.

    Differs from detectron2: a map that is not a multiple of the pooling window is
    not an error; the window is clipped to a smaller map.

    Args:
        in_channels: Channels of the features.
        out_channels: Channels of each branch and of the result.
        dilations: One 3x3 branch for each.
        pool_size: (height, width) of the pooling window, in pixels of the feature
            map: the training crop over the stride. None pools the whole map.
        separable: Whether the dilated branches are depthwise-separable.
        dropout: Share of values dropped from the result in training.
        norm_cfg: Normalisation of all branches but image pooling, which has none.
        init_cfg: mmengine's initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int = 256,
        dilations: Sequence[int] = (6, 12, 18),
        pool_size: tuple[int, int] | None = None,
        separable: bool = True,
        dropout: float = 0.1,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        conv = DepthwiseSeparableConvModule if separable else ConvModule
        self.pool_size = pool_size
        self.branches = nn.ModuleList(
            [ConvModule(in_channels, out_channels, 1, norm_cfg=norm_cfg)]
        )
        for rate in dilations:
            self.branches.append(
                conv(
                    in_channels,
                    out_channels,
                    3,
                    padding=rate,
                    dilation=rate,
                    norm_cfg=norm_cfg,
                )
            )
        self.pool = ConvModule(in_channels, out_channels, 1)
        self.project = ConvModule(
            (len(dilations) + 2) * out_channels, out_channels, 1, norm_cfg=norm_cfg
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, feats: Tensor) -> Tensor:
        """Turn ``(B, in_channels, H, W)`` into ``(B, out_channels, H, W)``."""
        outs = [branch(feats) for branch in self.branches]

        pooled = self.pool(windowed_mean(feats, self.pool_size))
        outs.append(F.interpolate(pooled, feats.shape[-2:], mode='bilinear'))

        return self.dropout(self.project(torch.cat(outs, dim=1)))
