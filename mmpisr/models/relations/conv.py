"""The capacity control that the paper lacks: a convolution of the same cost."""

from torch import nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput
from .fusion import GATE


@MODELS.register_module()
class ConvRelation(BaseRelation):
    """Relates nothing: a 3x3 convolution, normalisation and a 1x1 back to C channels.

    It costs what PISR costs at equal ``channels`` (9 C D + D C multiplications a pixel
    against 9 C D + L (2 C + D), for L about half of D), so that a gain of PISR over
    it is not a gain of parameters. Predictions are not read.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K that the host fills.
        channels: Width D of the 3x3 convolution.
        fusion: ``'residual'`` or ``'replace'``.
        gate: Weight of what the relation adds, at first; see :class:`Fusion`.
        init_cfg: mmengine's initialisation config.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        channels: int = 128,
        fusion: str = 'residual',
        gate: float = GATE,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes=num_classes,
            num_instances=num_instances,
            fusion=fusion,
            gate=gate,
            init_cfg=init_cfg,
        )
        self.convs = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, in_channels, 1),
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Convolve the features."""
        return RelationOutput(feats=self.convs(inputs.feats))
