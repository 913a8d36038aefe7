"""How a relation's features are joined with the features that it was given."""

import torch
from torch import Tensor, nn

from .norms import ChannelLayerNorm

GATE = 0.5  # our choice, see docs/design_decisions.md


class Gated(nn.Module):
    """Adds something through a gate: the scale of the normalisation it ends with.

    Attributes:
        gate: That normalisation; None where nothing is added.
    """

    gate: nn.LayerNorm | None

    def close(self) -> None:
        """Add nothing, until training opens the gate."""
        if self.gate is not None:
            nn.init.zeros_(self.gate.weight)


class Fusion(Gated):
    """Replace the features F by the related ones R, or add R through a gate.

    ``'residual'`` is ``F + gate * norm(R)`` with one gate a channel, the scale of a
    layer normalisation over the channels of each pixel: the scale of R differs from
    image to image. The gate starts open, so that the final heads have something to
    learn from. A host closes it where a trained base model is loaded, whose
    predictions then stay as they are.

    Differs from the paper: there F_pan alone goes to the final stage (``'replace'``).

    Args:
        channels: Channels C of both feature maps.
        mode: ``'residual'`` or ``'replace'``.
        gate: Scale of R at first. Our choice; not public.

    Raises:
        ValueError: Another mode is asked for.
    """

    MODES = ('residual', 'replace')

    def __init__(
        self, channels: int, *, mode: str = 'residual', gate: float = GATE
    ) -> None:
        super().__init__()
        if mode not in self.MODES:
            raise ValueError(f'fusion must be one of {self.MODES}, got {mode!r}')
        self.mode = mode
        self.gate = ChannelLayerNorm(channels) if mode == 'residual' else None
        if self.gate is not None:
            nn.init.constant_(self.gate.weight, gate)

    def forward(self, feats: Tensor, related: Tensor) -> Tensor:
        """Fuse two maps of one frame and shape, ``(B, C, H, W)``."""
        if self.gate is None:
            return related.to(feats.dtype)
        return torch.add(feats, self.gate(related).to(feats.dtype))
