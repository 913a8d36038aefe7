"""Importance of every panoptic category (Sec. 3.3)."""

from torch import Tensor, nn


class EncodingReweighting(nn.Module):
    """Two fully connected layers that score each encoding on its own.

    ``w = sigmoid(FC(ReLU(FC(E))))``; the same network reads classes and instances, so
    that it works for any number of slots.

    Args:
        in_channels: Channels C of an encoding.
        hidden_channels: Width of the hidden layer. Our choice; not public.
    """

    def __init__(self, in_channels: int, *, hidden_channels: int = 64) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(in_channels, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, encodings: Tensor, valid: Tensor) -> Tensor:
        """Score encodings ``(B, L, C)``; an empty slot of ``valid (B, L)`` gets zero.

        Returns:
            Scores w in [0, 1], ``(B, L)``.
        """
        return self.score(encodings).squeeze(-1) * valid  # (B, L)
