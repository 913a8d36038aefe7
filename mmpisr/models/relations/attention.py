"""Panoptic relational attention: categories to pixels and back (Sec. 3.4)."""

import torch
from torch import Tensor, nn

from .encodings import category_rows
from .precision import float32_products


class PanopticRelationalAttention(nn.Module):
    """The two products of Fig. 3 (b).

    ``F_sp = g_s(E)^T h(F)`` says how much of each category a pixel carries, and
    ``F_pan = g_q(E)^T g_p(F_sp)`` writes the categories back to the pixels.

    Differs from the paper: the products are divided by the root of the number of
    terms, which a learned layer could undo; and by default g_p scales and shifts each
    category on its own, all instance slots alike. Its shift is what a pixel reads of a
    category that it has nothing in common with: that it is there. A dense g_p
    (``mix_slots=True``, the letter of the paper) ties weights to the rank of a slot and
    needs a fixed K.

    Args:
        in_channels: Channels C of features and encodings.
        num_classes: Semantic classes N.
        num_instances: Instance slots K.
        channels: Width of the first product. Our choice; not public.
        mix_slots: Whether g_p is a dense 1x1 convolution over all categories.
        shift: Of g_p at first, where it is not dense. Our choice; not public.
        attend: ``'linear'`` products as the paper writes them, or ``'softmax'`` over
            the categories in the first.

    Raises:
        ValueError: ``attend`` is unknown, or K changes while slots are mixed.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int,
        channels: int = 128,
        mix_slots: bool = False,
        shift: float = 1.0,
        attend: str = 'linear',
    ) -> None:
        super().__init__()
        if attend not in ('linear', 'softmax'):
            raise ValueError(f"attend must be 'linear' or 'softmax', got {attend!r}")
        self.num_classes = num_classes
        self.num_categories = num_classes + num_instances
        self.channels = channels
        self.attend = attend
        self.g_s = nn.Linear(in_channels, channels)
        self.g_q = nn.Linear(in_channels, in_channels)
        self.h = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.g_p: nn.Module = (
            nn.Conv1d(self.num_categories, self.num_categories, 1)
            if mix_slots
            else _PerCategoryScale(num_classes, shift)
        )

    def forward(self, feats: Tensor, encodings: Tensor, valid: Tensor) -> Tensor:
        """Relate ``feats (B, C, H, W)`` and ``encodings (B, L, C)``.

        Args:
            feats: Features, zero at padded pixels.
            encodings: Weighted panoptic encodings.
            valid: False marks an empty slot, ``(B, L)`` bool.

        Returns:
            F_pan, float32, ``(B, C, H, W)``.
        """
        if isinstance(self.g_p, nn.Conv1d) and valid.shape[1] != self.num_categories:
            raise ValueError(
                f'mix_slots=True was built for {self.num_categories} categories, '
                f'got {valid.shape[1]}'
            )
        pixels = self.h(feats).flatten(2)  # (B, D, HW)
        with float32_products(feats.device):
            spatial = self._spatial(pixels.float(), encodings.float(), valid)
            values = self.g_q(encodings.float())  # (B, L, C)
            related = torch.bmm(values.transpose(1, 2), spatial)  # (B, C, HW)
        return (related / self.num_categories**0.5).unflatten(2, feats.shape[2:])

    def _spatial(self, pixels: Tensor, encodings: Tensor, valid: Tensor) -> Tensor:
        """g_p(F_sp), zero for empty slots, ``(B, L, HW)``."""
        spatial = torch.bmm(self.g_s(encodings), pixels) / self.channels**0.5
        if self.attend == 'softmax':
            spatial = spatial.masked_fill(~valid.unsqueeze(-1), -torch.inf).softmax(1)
        else:
            spatial = spatial * valid.unsqueeze(-1)
        return self.g_p(spatial) * valid.unsqueeze(-1)


class _PerCategoryScale(nn.Module):
    """A scale and a shift a class, and one of each for all instance slots."""

    def __init__(self, num_classes: int, shift: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.scale = nn.Parameter(torch.ones(num_classes + 1))
        self.shift = nn.Parameter(torch.full((num_classes + 1,), shift))

    def forward(self, spatial: Tensor) -> Tensor:
        """Scale and shift the rows of ``(B, L, HW)``."""
        row = category_rows(spatial, self.num_classes)
        return spatial * self.scale[row, None] + self.shift[row, None]
