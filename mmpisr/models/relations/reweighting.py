"""Importance of every panoptic category (Sec. 3.3)."""

from torch import Tensor, nn

LEAST_CONFIDENCE = 1e-4  # a class that is nowhere has a finite logit


class EncodingReweighting(nn.Module):
    """Two fully connected layers that score each encoding on its own.

    ``w = sigmoid(FC(ReLU(FC(E))))``; the same network reads classes and instances, so
    that it works for any number of slots. With the confidence of the masks (ours),
    ``w = sigmoid(FC(ReLU(FC(E))) + logit(confidence))``: an untrained network's answers
    are near zero, so that scores start near the confidence.

    Args:
        in_channels: Channels C of an encoding.
        hidden_channels: Width of the hidden layer; 0: no network, scores stay at the
            confidence. Our choice; not public.
        from_confidence: Whether scores start near the confidence.

    Raises:
        ValueError: There is neither a network nor a confidence.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        hidden_channels: int = 64,
        from_confidence: bool = True,
    ) -> None:
        super().__init__()
        if not hidden_channels and not from_confidence:
            raise ValueError(
                'scores need a network or a confidence, got hidden_channels=0 and '
                'from_confidence=False'
            )
        self.from_confidence = from_confidence
        self.score = (
            nn.Sequential(
                nn.Linear(in_channels, hidden_channels),
                nn.ReLU(inplace=True),
                nn.Linear(hidden_channels, 1),
            )
            if hidden_channels
            else None
        )

    def forward(self, encodings: Tensor, valid: Tensor, confidence: Tensor) -> Tensor:
        """Score encodings; an empty slot gets zero.

        Args:
            encodings: One a category, ``(B, L, C)``.
            valid: False marks an empty slot, ``(B, L)`` bool.
            confidence: Of their masks, in [0, 1], ``(B, L)``.

        Returns:
            Scores w in [0, 1], ``(B, L)``.
        """
        logits = confidence.new_zeros(confidence.shape)
        if self.score is not None:
            logits = self.score(encodings).squeeze(-1)
        if self.from_confidence:
            logits = logits + confidence.logit(eps=LEAST_CONFIDENCE)
        return logits.sigmoid() * valid
