"""Panoptic-DeepLab's neck: two DeepLabV3+ decoders, for classes and for instances."""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmpisr.registry import MODELS


def two_convs(
    in_channels: int, mid_channels: int, out_channels: int, *, norm_cfg: dict
) -> nn.Sequential:
    """Two 3x3 convolutions, each with norm and ReLU, that keep the resolution."""
    return nn.Sequential(
        ConvModule(in_channels, mid_channels, 3, padding=1, norm_cfg=norm_cfg),
        ConvModule(mid_channels, out_channels, 3, padding=1, norm_cfg=norm_cfg),
    )


def wide_conv(
    in_channels: int,
    mid_channels: int,
    out_channels: int,
    *,
    separable: bool,
    norm_cfg: dict,
) -> nn.Module:
    """One depthwise-separable 5x5 convolution, or two plain 3x3 ones instead.

    Args:
        in_channels: Input channels.
        mid_channels: Channels between the two plain convolutions; not used by the
            separable one.
        out_channels: Output channels, at the same resolution, after a ReLU.
        separable: Which of the two.
        norm_cfg: Normalisation after every convolution.
    """
    if not separable:
        return two_convs(in_channels, mid_channels, out_channels, norm_cfg=norm_cfg)
    return DepthwiseSeparableConvModule(
        in_channels, out_channels, 5, padding=2, norm_cfg=norm_cfg
    )


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

    Differs from detectron2: the map need not be a multiple of the pooling window, which
    is clipped to a smaller map.

    Args:
        in_channels: Channels of the features.
        out_channels: Channels of each branch and of the result.
        dilations: One 3x3 branch for each.
        pool_size: (height, width) of the pooling window, in pixels of the feature
            map: the training crop over the stride. None pools the whole map.
        separable: Whether the dilated branches are depthwise-separable.
        dropout: Share of values dropped from the result in training.
        norm_cfg: Normalisation of all branches except image pooling, which has none;
            batch normalisation if None.
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
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        one_by_one = partial(ConvModule, kernel_size=1, norm_cfg=norm_cfg)
        dilated = partial(
            DepthwiseSeparableConvModule if separable else ConvModule,
            kernel_size=3,
            norm_cfg=norm_cfg,
        )
        self.pool_size = pool_size
        self.branches = nn.ModuleList([one_by_one(in_channels, out_channels)])
        for rate in dilations:
            self.branches.append(
                dilated(in_channels, out_channels, padding=rate, dilation=rate)
            )
        self.pool = ConvModule(in_channels, out_channels, 1)
        self.project = one_by_one((len(dilations) + 2) * out_channels, out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, feats: Tensor) -> Tensor:
        """Turn ``(B, in_channels, H, W)`` into ``(B, out_channels, H, W)``."""
        outs = [branch(feats) for branch in self.branches]

        pooled = self.pool(windowed_mean(feats, self.pool_size))
        outs.append(F.interpolate(pooled, feats.shape[-2:], mode='bilinear'))

        return self.dropout(self.project(torch.cat(outs, dim=1)))


class DeepLabDecoder(BaseModule):
    """ASPP on the coarsest level, then one fusion for each finer level.

    Args:
        in_channels: Channels of the levels, finest first.
        out_channels: Channels after every fusion.
        project_channels: Channels to which each level except the coarsest is projected
            before the fusion, finest first.
        aspp_channels: Channels of ASPP.
        dilations: Dilations of ASPP.
        pool_size: Pooling window of ASPP, (height, width) at the coarsest level.
        separable: Whether 3x3 and 5x5 convolutions are depthwise-separable; a fusion
            is then one 5x5 convolution, and two 3x3 convolutions otherwise.
        dropout: Dropout of ASPP.
        norm_cfg: Normalisation; batch normalisation if None.

    Raises:
        ValueError: ``project_channels`` needs one entry per level except the coarsest.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        out_channels: int = 256,
        project_channels: Sequence[int] = (32, 64),
        aspp_channels: int = 256,
        dilations: Sequence[int] = (6, 12, 18),
        pool_size: tuple[int, int] | None = None,
        separable: bool = True,
        dropout: float = 0.1,
        norm_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        *finer, coarsest = in_channels
        if len(project_channels) != len(finer):
            raise ValueError(
                f'{len(in_channels)} levels need {len(finer)} projections, '
                f'but project_channels has {len(project_channels)}'
            )
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_channels = out_channels
        self.aspp = ASPP(
            coarsest,
            out_channels=aspp_channels,
            dilations=dilations,
            pool_size=pool_size,
            separable=separable,
            dropout=dropout,
            norm_cfg=norm_cfg,
        )
        self.projections = nn.ModuleList(
            ConvModule(level, width, 1, norm_cfg=norm_cfg)
            for level, width in zip(finer, project_channels, strict=True)
        )
        fuse = partial(wide_conv, separable=separable, norm_cfg=norm_cfg)
        coarser = [out_channels] * (len(finer) - 1) + [aspp_channels]
        self.fusions = nn.ModuleList(
            fuse(width + below, out_channels, out_channels)
            for width, below in zip(project_channels, coarser, strict=True)
        )

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Decode the levels, finest first, into one map as fine as the first.

        Args:
            feats: One ``(B, C_i, H_i, W_i)`` for each of ``in_channels``.

        Returns:
            Features, ``(B, out_channels, H_0, W_0)``.
        """
        fused = self.aspp(feats[-1])
        for level in reversed(range(len(self.fusions))):
            skip = self.projections[level](feats[level])
            fused = F.interpolate(fused, skip.shape[-2:], mode='bilinear')
            fused = self.fusions[level](torch.cat([skip, fused], dim=1))
        return fused


@MODELS.register_module()
class DualDecoder(BaseModule):
    """Two decoders of equal shape that share nothing except their input.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        semantic: Arguments of the semantic ``DeepLabDecoder`` alone.
        instance: Arguments of the instance decoder alone; its ``out_channels`` are 128
            by default.
        pool_size: Pooling window of both, (height, width) at the coarsest level.
        separable: Whether both use depthwise-separable convolutions.
        norm_cfg: Normalisation of both.
        init_cfg: mmengine's initialisation.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        semantic: dict | None = None,
        instance: dict | None = None,
        pool_size: tuple[int, int] | None = None,
        separable: bool = True,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        shared = dict(pool_size=pool_size, separable=separable, norm_cfg=norm_cfg)
        self.num_levels = len(in_channels)
        self.semantic = DeepLabDecoder(in_channels, **{**shared, **(semantic or {})})
        self.instance = DeepLabDecoder(
            in_channels, **{**shared, 'out_channels': 128, **(instance or {})}
        )

    @property
    def out_channels(self) -> tuple[int, int]:
        """Channels of the semantic and of the instance features."""
        return self.semantic.out_channels, self.instance.out_channels

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Decode the levels twice.

        Args:
            feats: The backbone's levels, finest first, ``(B, C_i, H_i, W_i)``.

        Returns:
            Semantic features ``(B, C_sem, H_0, W_0)`` and instance features
            ``(B, C_ins, H_0, W_0)``.

        Raises:
            ValueError: The backbone has another number of levels.
        """
        if len(feats) != self.num_levels:
            raise ValueError(
                f'DualDecoder has in_channels for {self.num_levels} levels, '
                f'but the backbone gives {len(feats)}'
            )
        return self.semantic(feats), self.instance(feats)
