"""How a relation's features meet the features that it was given."""

from torch import Tensor, nn

GATE = 0.5  # our choice, see docs/design_decisions.md


class Gated(nn.Module):
    """Something added through a gate: the scale of the normalisation it ends with.

    Attributes:
        gate: That normalisation, None where there is nothing to add to.
    """

    gate: nn.LayerNorm | None

    def close(self) -> None:
        """Add nothing, until training opens the gate."""
        if self.gate is not None:
            nn.init.zeros_(self.gate.weight)


class Fusion(Gated):
    """Replace the features, or add to them through a gate.

    ``'residual'`` is ``F + gate * norm(R)`` with one gate a channel, the scale of a
    layer normalisation over the channels of each pixel: the scale of R differs from
    image to image, and the statistics of a batch do not hold for the next one. The gate
    starts open, so that the final heads have something to learn from. A host closes it
    where a trained base model is loaded, whose predictions stay as they are.

    Differs from the paper: which hands F_pan to the final stage as it is, our
    ``'replace'``.

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
        self.gate = nn.LayerNorm(channels) if mode == 'residual' else None
        if self.gate is not None:
            nn.init.constant_(self.gate.weight, gate)

    def forward(self, feats: Tensor, related: Tensor) -> Tensor:
        """Fuse two maps of one frame and shape, ``(B, C, H, W)``."""
        if self.gate is None:
            return related.to(feats.dtype)
        pixels = related.float().permute(0, 2, 3, 1)  # (B, H, W, C)
        return feats + self.gate(pixels).permute(0, 3, 1, 2).to(feats.dtype)
