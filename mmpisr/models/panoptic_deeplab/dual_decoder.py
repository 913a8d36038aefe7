"""Panoptic-DeepLab's neck: one decoder for classes and one for instances."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from mmpisr.registry import MODELS

from .decoder import DeepLabDecoder


@MODELS.register_module()
class DualDecoder(BaseModule):
    """Two decoders of equal shape that share nothing but their input.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        semantic: Arguments of the semantic ``DeepLabDecoder`` alone.
        instance: Arguments of the instance decoder alone; 128 channels unless told.
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
            ValueError: If the backbone gives another number of levels.
        """
        if len(feats) != self.num_levels:
            raise ValueError(
                f'DualDecoder has in_channels for {self.num_levels} levels, '
                f'but the backbone gives {len(feats)}'
            )
        return self.semantic(feats), self.instance(feats)
