"""Queries that look once more at what their masks cover."""

import torch
from torch import Tensor, nn

from mmpisr.models.relations import (
    GatedResidual,
    mask_sums,
    panoptic_encodings,
    without_autocast,
)


class QueryRefresh(GatedResidual):
    """Add to each query the related features under its intermediate mask.

    ``q' = q + gate * norm(MLP(norm(pooled)))`` with one gate a channel, the scale of a
    layer normalisation, which starts open and is closed where a trained base model is
    loaded, as in :class:`~mmpisr.models.relations.Fusion`.

    Our choice; not public: the paper does not say how queries meet F_pan.

    Args:
        channels: Channels C of the queries.
        feat_channels: Channels D of the features.
    """

    def __init__(self, channels: int, *, feat_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(feat_channels)
        self.mlp = nn.Sequential(
            nn.Linear(feat_channels, channels),
            nn.ReLU(),
            nn.Linear(channels, channels),
        )
        self.gate_norm: nn.LayerNorm = nn.LayerNorm(channels)

    def forward(
        self,
        queries: Tensor,
        feats: Tensor,
        mask_probs: Tensor,
        pixel_mask: Tensor | None = None,
    ) -> Tensor:
        """Refresh the queries.

        Args:
            queries: ``(B, Q, C)``.
            feats: Related features F', ``(B, D, H, W)``.
            mask_probs: Masks of the queries in [0, 1], ``(B, Q, H, W)``.
            pixel_mask: False marks padding, ``(B, H, W)`` bool; None: there is none.

        Returns:
            ``(B, Q, C)``. A query whose mask is zero everywhere reads zeros.
        """
        if pixel_mask is not None:
            mask_probs = torch.where(pixel_mask.unsqueeze(1), mask_probs, 0)
        pooled = panoptic_encodings(mask_sums(feats, mask_probs))  # (B, Q, D)
        with without_autocast(queries):
            update = self.gate_norm(self.mlp(self.norm(pooled)))  # (B, Q, C)
        return queries + update.to(queries.dtype)
