"""PISR: panoptic encodings, reweighted, related to the feature map (Sec. 3.2-3.4)."""

from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput
from .encodings import (
    EncodingReweighting,
    MaskSums,
    category_rows,
    mask_confidence,
    mask_sums,
    panoptic_encodings,
    valid_area,
)
from .norms import normalise_channels
from .precision import without_autocast


class PanopticRelationalAttention(nn.Module):
    """The two products of Sec. 3.4 and Fig. 3 (b).

    ``F_sp = g_s(E)^T h(F)`` says how much of each category a pixel carries, and
    ``F_pan = g_q(E)^T g_p(F_sp)`` writes the categories back to the pixels. All but h
    is linear in the pixels, so the two products with L rows each are folded into one
    with a matrix of D x C for each image, and the L x HW map is not made.

    Differs from the paper: g_p scales and shifts each category on its own, all
    instance slots alike (``mix_slots=True`` is the paper's dense g_p, which ties
    weights to the rank of a slot and needs a fixed K); and the products are divided by
    the root of the number of their terms (``scale_products``).

    Args:
        in_channels: Channels C of features and encodings.
        num_classes: Semantic classes N.
        num_instances: Instance slots K.
        channels: Width D of the first product. Our choice; not public.
        mix_slots: Whether g_p is a dense 1x1 convolution over all categories.
        shift: Of g_p at first, where it is not dense. Our choice; not public.
        attend: ``'linear'`` products as the paper writes them, or ``'softmax'`` over
            the categories in the first.
        scale_products: Whether the products are divided by ``sqrt(D)`` and ``sqrt(L)``.

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
        scale_products: bool = True,
    ) -> None:
        super().__init__()
        if attend not in ('linear', 'softmax'):
            raise ValueError(f"attend must be 'linear' or 'softmax', got {attend!r}")
        categories = num_classes + num_instances
        self.softmax = attend == 'softmax'
        self.key_scale = channels**-0.5 if scale_products else 1.0
        self.value_scale = categories**-0.5 if scale_products else 1.0
        self.g_s = nn.Linear(in_channels, channels)
        self.g_q = nn.Linear(in_channels, in_channels)
        self.h = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.g_p: nn.Module = (
            _DenseMixing(categories) if mix_slots else _OwnScale(num_classes, shift)
        )

    def forward(self, feats: Tensor, encodings: Tensor, valid: Tensor) -> Tensor:
        """Relate ``feats (B, C, H, W)`` and ``encodings (B, L, C)``.

        Args:
            feats: Features, zero at padded pixels.
            encodings: Weighted panoptic encodings.
            valid: False marks an empty slot, ``(B, L)`` bool.

        Returns:
            F_pan, in memory channels last, ``(B, C, H, W)``.
        """
        pixels = self.h(feats).flatten(2).transpose(1, 2)  # (B, HW, D)
        with without_autocast(feats):
            filled = valid.unsqueeze(-1)
            keys = self.g_s(encodings) * filled * self.key_scale  # (B, L, D)
            values = self.g_q(encodings) * filled * self.value_scale  # (B, L, C)
            values, shift = self.g_p(values)

        related = self._relate(pixels, keys, values, shift, valid)  # (B, HW, C)
        return related.transpose(1, 2).unflatten(2, feats.shape[2:])

    def _relate(
        self, pixels: Tensor, keys: Tensor, values: Tensor, shift: Tensor, valid: Tensor
    ) -> Tensor:
        """``pixels keys^T values + shift``, ``(B, HW, C)``."""
        if not self.softmax:
            with without_autocast(pixels):
                folded = torch.bmm(keys.transpose(1, 2), values)  # (B, D, C)
            return _affine(pixels, folded, shift)

        spatial = torch.bmm(pixels, keys.to(pixels.dtype).transpose(1, 2))  # (B, HW, L)
        spatial = spatial.masked_fill(~valid.unsqueeze(1), -torch.inf).softmax(2)
        return _affine(spatial, values, shift)


def _affine(rows: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """``rows (B, M, I) matrix (B, I, J) + shift (B, 1, J)``, in the dtype of rows."""
    return torch.baddbmm(shift.to(rows.dtype), rows, matrix.to(rows.dtype))


class _OwnScale(nn.Module):
    """g_p as a scale and a shift a class, and one of each for all instance slots."""

    def __init__(self, num_classes: int, shift: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.category_scale = nn.Parameter(torch.ones(num_classes + 1))
        self.category_shift = nn.Parameter(torch.full((num_classes + 1,), shift))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """What ``values^T g_p(F_sp)`` multiplies F_sp by, and what it adds.

        Args:
            values: g_q of each category, ``(B, L, C)``.

        Returns:
            ``(B, L, C)`` and ``(B, 1, C)``.
        """
        row = category_rows(values, self.num_classes)
        scale = self.category_scale[row, None]  # (L, 1)
        shift = self.category_shift[row, None]  # (L, 1)
        return values * scale, (values * shift).sum(dim=1, keepdim=True)


class _DenseMixing(nn.Module):
    """g_p as a 1x1 convolution over all categories, as the paper writes it."""

    def __init__(self, categories: int) -> None:
        super().__init__()
        self.categories = categories
        self.mix = nn.Linear(categories, categories)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """As in :class:`_OwnScale`, for any F_sp ``(L, HW)`` of as many categories."""
        if values.shape[1] != self.categories:
            raise ValueError(
                f'mix_slots=True was built for {self.categories} categories, '
                f'got {values.shape[1]}'
            )
        shift = (values * self.mix.bias[:, None]).sum(dim=1, keepdim=True)  # (B, 1, C)
        return self.mix.weight.t() @ values, shift


@MODELS.register_module()
class PISR(BaseRelation):
    """Panoptic, instance and semantic relations.

    Differs from the paper, each with its reason in ``docs/design_decisions.md``: the
    features that it reads are normalised at each pixel (``feats_norm``); encodings are
    means under the masks (``normaliser='mass'``) and layer-normalised
    (``encoding_norm``); each category adds a learned vector to its encoding
    (``category_embedding``); scores start at :func:`mask_confidence` (``confidence``);
    the result is added to the features (``fusion``); and g_p does not mix slots
    (``mix_slots``), behind products that are scaled (``scale_products``). The letter of
    the paper is ``configs/_base_/relations/pisr_literal.py``.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K. Our choice; not public.
        channels: Width D of the first product. Our choice; not public.
        reweight: Whether encodings are reweighted (False: Table 5's ablation).
        reweight_channels: Hidden width of the reweighting network, 0: none, scores
            are the confidence of the masks. Our choice; not public.
        confidence: Whether scores start near the confidence of the masks, see
            :class:`EncodingReweighting`.
        normaliser: Encodings are sums divided by the ``'mass'`` of the mask or by the
            ``'area'`` of the image, see :func:`panoptic_encodings`.
        feats_norm: Whether the features that the relation reads are normalised over
            the channels of each pixel, see :func:`normalise_channels`.
        encoding_norm: Whether encodings are layer-normalised.
        category_embedding: Whether a learned vector is added to the encodings, one a
            class and one for all slots, at first as large as a normalised encoding.
        mix_slots: Whether g_p is dense over categories.
        shift: Weight with which every pixel reads every category at first, see
            :class:`PanopticRelationalAttention`. Our choice; not public.
        attend: ``'linear'`` or ``'softmax'``.
        scale_products: Whether the products of the attention are scaled.
        **shared: See :class:`BaseRelation`.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        channels: int = 128,
        reweight: bool = True,
        reweight_channels: int = 64,
        confidence: bool = True,
        normaliser: str = 'mass',
        feats_norm: bool = True,
        encoding_norm: bool = True,
        category_embedding: bool = True,
        mix_slots: bool = False,
        shift: float = 1.0,
        attend: str = 'linear',
        scale_products: bool = True,
        **shared: Any,
    ) -> None:
        super().__init__(
            in_channels, num_classes=num_classes, num_instances=num_instances, **shared
        )
        if normaliser not in ('mass', 'area'):
            raise ValueError(f"normaliser must be 'mass' or 'area', got {normaliser!r}")
        self.normaliser = normaliser
        self.feats_norm = feats_norm
        self.norm = nn.LayerNorm(in_channels) if encoding_norm else nn.Identity()
        self.category_embedding = (
            nn.Embedding(num_classes + 1, in_channels) if category_embedding else None
        )
        self.reweighting = (
            EncodingReweighting(
                in_channels,
                hidden_channels=reweight_channels,
                from_confidence=confidence,
            )
            if reweight
            else None
        )
        self.attention = PanopticRelationalAttention(
            in_channels,
            num_classes=num_classes,
            num_instances=num_instances,
            channels=channels,
            mix_slots=mix_slots,
            shift=shift,
            attend=attend,
            scale_products=scale_products,
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Encode, name, reweight, attend."""
        if self.feats_norm:
            inputs = _with_normalised_feats(inputs)

        with without_autocast(inputs.feats):
            sums = _category_sums(inputs)
            encodings = self._encode(sums, inputs)  # (B, L, C)
            weights, weighted = None, encodings
            if self.reweighting is not None:
                confidence = mask_confidence(sums)
                weights = self.reweighting(encodings, inputs.valid, confidence)
                weighted = encodings * weights.unsqueeze(-1)

        related = self.attention(inputs.feats, weighted, inputs.valid)
        return RelationOutput(feats=related, weights=weights, encodings=encodings)

    def _encode(self, sums: MaskSums, inputs: RelationInputs) -> Tensor:
        """Normalised encodings with the vector of each category, ``(B, L, C)``."""
        by_area = self.normaliser == 'area'
        area = valid_area(inputs.feats, inputs.pixel_mask) if by_area else None
        encodings = self.norm(panoptic_encodings(sums, area))
        if self.category_embedding is None:
            return encodings
        rows = category_rows(encodings, self.category_embedding.num_embeddings - 1)
        return encodings + self.category_embedding(rows)


def _with_normalised_feats(inputs: RelationInputs) -> RelationInputs:
    feats = normalise_channels(inputs.feats)
    if inputs.pixel_mask is not None:
        feats = torch.where(inputs.pixel_mask, feats, 0)
    return inputs._replace(feats=feats)


def _category_sums(inputs: RelationInputs) -> MaskSums:
    """Sums of all categories, zero for an empty slot, whatever its heatmap holds."""
    masks = inputs.sem_probs, inputs.inst_heatmaps
    sums = [mask_sums(inputs.feats, part) for part in masks]
    joined = (torch.cat(part, dim=1) for part in zip(*sums, strict=True))
    valid = inputs.valid.unsqueeze(2)
    return MaskSums(
        *(part.where(valid[:, :, 0] if part.ndim == 2 else valid, 0) for part in joined)
    )
