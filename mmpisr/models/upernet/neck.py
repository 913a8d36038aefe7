"""Feature pyramid over a level that has seen the whole image (UPerNet)."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmdet.models.necks import FPN
from mmseg.models.decode_heads.psp_head import PPM
from torch import Tensor

from mmpisr.registry import MODELS

FPN_INIT = dict(type='Xavier', layer='Conv2d', distribution='uniform')  # mmdet's own


@MODELS.register_module()
class PyramidPoolingFPN(FPN):
    """mmdet's FPN, with pyramid pooling on the coarsest level of the backbone.

    The level is pooled to small grids, which are brought to one width, resized back,
    joined to it and fused by a 3x3 convolution; the FPN takes the result for its
    coarsest level. Levels past the backbone's are max-pooled, as Mask R-CNN has them.

    Differs from UPerNet: group instead of batch normalisation in the pooling, since a
    1x1 grid of one training image is a single value a channel, which batch
    normalisation refuses. Our choice; not public.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        out_channels: Channels of every level of the pyramid, and of the pooling.
        num_outs: Number of levels of the pyramid, at least that of the backbone.
        pool_scales: Sides of the square grids.
        pool_norm_cfg: Normalisation in the pyramid pooling; GN of 32 groups if unset.
        norm_cfg: Normalisation in the FPN; none if unset, as in mmdet.
        init_cfg: mmengine's initialisation.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        out_channels: int,
        num_outs: int,
        pool_scales: Sequence[int] = (1, 2, 3, 6),
        pool_norm_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        *finer, coarsest = in_channels
        super().__init__(
            in_channels=[*finer, out_channels],
            out_channels=out_channels,
            num_outs=num_outs,
            norm_cfg=norm_cfg,
            init_cfg=init_cfg or FPN_INIT,
        )
        pool_norm_cfg = pool_norm_cfg or dict(type='GN', num_groups=32)
        self.pyramid_pooling = PPM(
            pool_scales,
            in_channels=coarsest,
            channels=out_channels,
            conv_cfg=None,
            norm_cfg=pool_norm_cfg,
            act_cfg=dict(type='ReLU'),
            align_corners=False,
        )
        self.bottleneck = ConvModule(
            coarsest + len(pool_scales) * out_channels,
            out_channels,
            3,
            padding=1,
            norm_cfg=pool_norm_cfg,
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Turn the backbone's levels, finest first, into the pyramid's.

        Args:
            inputs: One ``(B, in_channels[i], H_i, W_i)`` for each level.

        Returns:
            ``num_outs`` maps ``(B, out_channels, H_i, W_i)``: in the frames of the
            inputs, then of half the size each.
        """
        *finer, coarsest = inputs
        pooled = self.pyramid_pooling(coarsest)

        fused = self.bottleneck(torch.cat([coarsest, *pooled], dim=1))

        return super().forward((*finer, fused))
