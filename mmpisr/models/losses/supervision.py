"""Supervision of the intermediate and the final stage (eq. 1)."""

from mmengine.model import BaseModule
from torch import Tensor

from mmpisr.registry import MODELS

Losses = dict[str, Tensor | list[Tensor]]


@MODELS.register_module()
class IntermediateSupervision(BaseModule):
    """``L = gamma * (L'_sem + L'_ins) + L_sem + L_ins``.

    Both stages compute their own losses, the same as the base model's; this only
    weighs and names them.

    Args:
        gamma: Weight of the intermediate stage. Our choice; not public.
    """

    def __init__(self, *, gamma: float = 0.5) -> None:
        super().__init__()
        if gamma < 0:
            raise ValueError(f'gamma must not be negative, got {gamma}')
        self.gamma = gamma

    def forward(self, intermediate: Losses, final: Losses) -> Losses:
        """Join the losses of two stages.

        Args:
            intermediate: Losses of the intermediate predictions by name. Entries
                without ``loss`` in their name are figures to log and are not weighed.
            final: Losses of the final predictions by name.

        Returns:
            The final ones under their own names, the intermediate ones times gamma
            as ``intermediate.<name>``.
        """
        weighted = {
            f'intermediate.{name}': self._weigh(value) if 'loss' in name else value
            for name, value in intermediate.items()
        }
        return {**weighted, **final}

    def _weigh(self, loss: Tensor | list[Tensor]) -> Tensor | list[Tensor]:
        if isinstance(loss, list):
            return [self.gamma * part for part in loss]
        return self.gamma * loss
