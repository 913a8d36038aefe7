"""The one block that decoder and heads repeat: a 5x5 receptive field."""

from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from torch import nn


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
        in_channels: Channels read.
        mid_channels: Channels between the two plain convolutions; the separable one
            has none.
        out_channels: Channels returned, at the same resolution, after a ReLU.
        separable: Which of the two.
        norm_cfg: Normalisation after every convolution.
    """
    if not separable:
        return two_convs(in_channels, mid_channels, out_channels, norm_cfg=norm_cfg)
    return DepthwiseSeparableConvModule(
        in_channels, out_channels, 5, padding=2, norm_cfg=norm_cfg
    )
