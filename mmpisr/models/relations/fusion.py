"""How a relation's features meet the features that it was given."""

from torch import Tensor, nn


class Fusion(nn.Module):
    """Replace the features, or add to them through a gate.

    ``'residual'`` is ``F + gate * norm(R)`` with one gate a channel, the scale of a
    batch normalisation that starts at zero: a fresh relation changes nothing, so that
    a trained base model keeps its predictions, and the scale of R does not matter.

    Differs from the paper: which hands F_pan to the final stage as it is, our
    ``'replace'``.

    Args:
        channels: Channels C of both feature maps.
        mode: ``'residual'`` or ``'replace'``.

    Raises:
        ValueError: Another mode is asked for.
    """

    MODES = ('residual', 'replace')

    def __init__(self, channels: int, *, mode: str = 'residual') -> None:
        super().__init__()
        if mode not in self.MODES:
            raise ValueError(f'fusion must be one of {self.MODES}, got {mode!r}')
        self.mode = mode
        if mode == 'residual':
            self.gate = nn.BatchNorm2d(channels)
            nn.init.zeros_(self.gate.weight)

    def forward(self, feats: Tensor, related: Tensor) -> Tensor:
        """Fuse two maps of one frame and shape, ``(B, C, H, W)``."""
        if self.mode == 'replace':
            return related.to(feats.dtype)
        return feats + self.gate(related.float()).to(feats.dtype)
