"""UPerNet for panoptic segmentation: neck, semantic head and detector."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.detectors import TwoStagePanopticSegmentor
from mmdet.models.necks import FPN
from mmdet.models.seg_heads import PanopticFPNHead
from mmseg.models.decode_heads.psp_head import PPM
from torch import Tensor

from mmpisr.registry import MODELS

FPN_INIT = dict(type='Xavier', layer='Conv2d', distribution='uniform')  # mmdet's own


@MODELS.register_module()
class PyramidPoolingFPN(FPN):
    """mmdet's FPN with pyramid pooling on the coarsest level of the backbone.

    That level is pooled to small grids, which are projected to ``out_channels``,
    resized back, concatenated with the level and fused by a 3x3 convolution. The result
    is the FPN's coarsest input. Levels past the backbone's are max-pooled, as in Mask
    R-CNN.

    Differs from UPerNet: group instead of batch normalisation in the pooling, because
    a 1x1 grid of one training image has a single value per channel, which batch
    normalisation does not accept; not given in the paper, chosen here.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        out_channels: Channels of every level of the pyramid, and of the pooling.
        num_outs: Number of levels of the pyramid, at least as many as the backbone's.
        pool_scales: Sides of the square grids.
        pool_norm_cfg: Normalisation in the pyramid pooling; GN of 32 groups if None.
        norm_cfg: Normalisation in the FPN; None: no normalisation, as in mmdet.
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
        """Compute the pyramid from the backbone's levels.

        Args:
            inputs: One ``(B, in_channels[i], H_i, W_i)`` for each level, finest first.

        Returns:
            ``num_outs`` maps ``(B, out_channels, H_i, W_i)``: in the frames of the
            inputs, each further one of half the size of the one before.
        """
        *finer, coarsest = inputs
        pooled = self.pyramid_pooling(coarsest)

        fused = self.bottleneck(torch.cat([coarsest, *pooled], dim=1))

        return super().forward((*finer, fused))


@MODELS.register_module()
class UPerNetHead(PanopticFPNHead):
    """Resize all levels to the finest, concatenate and fuse them, classify each pixel.

    Classes, loss and prediction are those of mmdet's ``PanopticFPNHead``: stuff first,
    all things in one last channel, as ``HeuristicFusionHead`` expects; the loss is
    computed at a quarter of the image's size, the size of the finest level.

    Args:
        in_channels: Channels of each level.
        num_things_classes: Number of thing classes in the labels.
        num_stuff_classes: Number of stuff classes; the head has one more output.
        channels: Channels of the fused map.
        num_levels: Number of levels that are fused, from the finest on.
        norm_cfg: Normalisation of the fused map; GN of 32 groups if None.
        loss_seg: Config of the loss; cross entropy that ignores label 255 if None.
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
            end_level=0,  # no Panoptic-FPN layers for the levels
            loss_seg=loss_seg or dict(type='mmdet.CrossEntropyLoss', ignore_index=255),
            init_cfg=init_cfg,
        )
        self.in_channels = in_channels
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
            ValueError: There are fewer than ``num_levels`` levels.
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


@MODELS.register_module()
class PanopticUPerNet(TwoStagePanopticSegmentor):
    """UPerNet (Xiao et al., ECCV 2018) whose pyramid also feeds a Mask R-CNN.

    :class:`PyramidPoolingFPN` makes the pyramid. :class:`UPerNetHead` predicts the
    semantic map (stuff, and all things as one class) from all levels; proposals and
    regions come from single levels. mmdet's ``HeuristicFusionHead`` pastes instances
    over the map. The class is mmdet's two-stage model under another name.

    Differs from the paper: it describes its baseline only as "UPerNet modified for the
    panoptic segmentation task"; this modification, after Panoptic-FPN, is chosen here.
    """
