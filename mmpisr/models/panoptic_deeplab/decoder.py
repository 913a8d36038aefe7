"""The DeepLabV3+ decoder with any number of skip connections."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from .aspp import ASPP
from .convs import wide_conv


class DeepLabDecoder(BaseModule):
    """ASPP on the coarsest level, then one fusion for each finer level.

    Args:
        in_channels: Channels of the levels, finest first.
        out_channels: Channels after every fusion.
        project_channels: Channels to which each level but the coarsest is projected
            before the fusion, finest first.
        aspp_channels: Channels of ASPP.
        dilations: Dilations of ASPP.
        pool_size: Pooling window of ASPP, (height, width) at the coarsest level.
        separable: Whether 3x3 and 5x5 convolutions are depthwise-separable; a fusion
            is one 5x5 convolution then, and two 3x3 convolutions otherwise.
        dropout: Dropout of ASPP.
        norm_cfg: Normalisation.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: If there is not one projection for each level but the coarsest.
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
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(project_channels) != len(in_channels) - 1:
            raise ValueError(
                f'{len(in_channels)} levels need {len(in_channels) - 1} projections, '
                f'but project_channels has {len(project_channels)}'
            )
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_channels = out_channels
        self.aspp = ASPP(
            in_channels[-1],
            out_channels=aspp_channels,
            dilations=dilations,
            pool_size=pool_size,
            separable=separable,
            dropout=dropout,
            norm_cfg=norm_cfg,
        )
        self.projections = nn.ModuleList(
            ConvModule(level, width, 1, norm_cfg=norm_cfg)
            for level, width in zip(in_channels[:-1], project_channels, strict=True)
        )
        coarser = [out_channels] * (len(project_channels) - 1) + [aspp_channels]
        self.fusions = nn.ModuleList(
            wide_conv(
                width + below,
                out_channels,
                out_channels,
                separable=separable,
                norm_cfg=norm_cfg,
            )
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
