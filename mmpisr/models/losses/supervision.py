"""Supervision of the intermediate and the final stage (eq. 1)."""

import re

from mmengine.model import BaseModule
from torch import Tensor

from mmpisr.registry import MODELS

EARLIER_LAYER = re.compile(r'd\d+\.')  # mmdet's names: d0.loss_cls
Losses = dict[str, Tensor | list[Tensor]]


@MODELS.register_module()
class IntermediateSupervision(BaseModule):
    """``L = gamma * (L'_sem + L'_ins) + L_sem + L_ins``.

    Both stages compute their own losses, the same as the base model's; this only
    weighs and names them. Query models also supervise every decoder layer before the
    intermediate prediction (``d0.loss_cls``, ...), which eq. (1) does not speak of:
    these losses keep the weight that they have in the base model.

    Args:
        gamma: Weight of the intermediate stage, which the paper does not give. Our
            choice.
        deep_supervision: Weight of the losses of earlier decoder layers. Our choice.
    """

    def __init__(self, *, gamma: float = 0.5, deep_supervision: float = 1.0) -> None:
        super().__init__()
        for name, weight in dict(
            gamma=gamma, deep_supervision=deep_supervision
        ).items():
            if weight < 0:
                raise ValueError(f'{name} must not be negative, got {weight}')
        self.gamma = gamma
        self.deep_supervision = deep_supervision

    def forward(self, intermediate: Losses, final: Losses) -> Losses:
        """Join the losses of two stages.

        Args:
            intermediate: Losses of the intermediate predictions by name. Entries
                without ``loss`` in their name are figures to log and are not weighed.
            final: Losses of the final predictions by name.

        Returns:
            The final ones under their own names, the weighed intermediate ones as
            ``intermediate.<name>``.
        """
        weighed = {
            f'intermediate.{name}': self._weigh(name, value)
            for name, value in intermediate.items()
        }
        return {**weighed, **final}

    def _weigh(self, name: str, loss: Tensor | list[Tensor]) -> Tensor | list[Tensor]:
        if 'loss' not in name:
            return loss
        weight = self.deep_supervision if EARLIER_LAYER.match(name) else self.gamma
        if isinstance(loss, list):
            return [weight * part for part in loss]
        return weight * loss
