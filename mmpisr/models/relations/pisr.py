"""PISR: encode, reweight, attend (Sec. 3.2 to 3.4, Fig. 3); see :meth:`PISR.relate`.

    F, S, I -> mask_sums, panoptic_encodings -> E         Sec. 3.2, encodings.py
    E       -> EncodingReweighting -> w                   Sec. 3.3, encodings.py
    F, w E  -> PanopticRelationalAttention -> F_pan       Sec. 3.4, below
    F_pan   -> Fusion -> F'                               base.py

C channels of the features F, D of the attention; N classes in S, K instance slots in I,
L = N + K categories; E encodings, w scores.
"""

from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput, without_autocast
from .encodings import (
    EncodingReweighting,
    MaskSums,
    category_sums,
    mask_confidence,
    normalise_channels,
    panoptic_encodings,
    parameter_index,
    valid_area,
)


@MODELS.register_module()
class PISR(BaseRelation):
    """Panoptic, instance and semantic relations.

    Differs from the paper, each with its reason in ``docs/design_decisions.md``: the
    features that the relation reads are normalised at each pixel (``feats_norm``);
    encodings are means under the masks (``normaliser='mass'``) and layer-normalised
    (``encoding_norm``); a learned vector is added to the encoding of each category
    (``embed_categories``); scores start close to :func:`mask_confidence`
    (``scores_from_confidence``); the result is added to the features (``fusion``); g_p
    does not mix slots (``mix_slots``); and the products of the attention are scaled
    (``scale_products``). ``configs/_base_/relations/pisr_literal.py`` has none of these
    differences.

    Args:
        in_channels: Channels C of the feature map.
        channels: Channels D of the attention. Not given in the paper; chosen here.
        reweight: Whether encodings are reweighted (False: Table 5's ablation).
        reweight_channels: Hidden channels of the reweighting network. Not given in the
            paper; chosen here. 0: there is no network, the scores are the confidence
            of the masks.
        scores_from_confidence: Whether scores start close to the confidence of the
            masks, see :class:`EncodingReweighting`.
        normaliser: Divisor of the encodings, ``'mass'`` of the mask or ``'area'`` of
            the image, see :func:`panoptic_encodings`.
        feats_norm: Whether the features that the relation reads are normalised over
            the channels of each pixel, see :func:`normalise_channels`.
        encoding_norm: Whether encodings are layer-normalised.
        embed_categories: Whether a learned vector is added to each encoding, one per
            class and one for all slots, initially as large as a normalised encoding.
        mix_slots: Whether g_p is dense over categories, see
            :class:`PanopticRelationalAttention`.
        initial_shift: Initial shift of a g_p that is not dense. Not given in the paper;
            chosen here. It lets every pixel see that a category is present even if
            their features do not correlate.
        first_product: ``'linear'``, as in the paper, or ``'softmax'`` over the
            categories.
        scale_products: Whether the two products of the attention are divided by
            ``sqrt(D)`` and ``sqrt(L)``.
        **shared: See :class:`BaseRelation`.

    Raises:
        ValueError: ``normaliser`` or ``first_product`` is unknown, no option makes
            scores, or K changes while slots are mixed.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        channels: int = 128,
        reweight: bool = True,
        reweight_channels: int = 64,
        scores_from_confidence: bool = True,
        normaliser: str = 'mass',
        feats_norm: bool = True,
        encoding_norm: bool = True,
        embed_categories: bool = True,
        mix_slots: bool = False,
        initial_shift: float = 1.0,
        first_product: str = 'linear',
        scale_products: bool = True,
        **shared: Any,
    ) -> None:
        super().__init__(in_channels, **shared)
        if normaliser not in ('mass', 'area'):
            raise ValueError(f"normaliser must be 'mass' or 'area', got {normaliser!r}")
        self.normaliser = normaliser
        self.feats_norm = feats_norm
        self.norm = nn.LayerNorm(in_channels) if encoding_norm else nn.Identity()
        self.category_embedding = (
            nn.Embedding(self.num_classes + 1, in_channels)
            if embed_categories
            else None
        )
        self.reweighting = (
            EncodingReweighting(
                in_channels,
                hidden_channels=reweight_channels,
                scores_from_confidence=scores_from_confidence,
            )
            if reweight
            else None
        )
        self.attention = PanopticRelationalAttention(
            in_channels,
            num_classes=self.num_classes,
            num_instances=self.num_instances,
            channels=channels,
            mix_slots=mix_slots,
            initial_shift=initial_shift,
            first_product=first_product,
            scale_products=scale_products,
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Encode (Sec. 3.2), reweight (Sec. 3.3), attend (Sec. 3.4)."""
        if self.feats_norm:
            feats = normalise_channels(inputs.feats, inputs.pixel_mask)
            inputs = inputs._replace(feats=feats)

        with without_autocast(inputs.feats):
            sums = category_sums(inputs)
            encodings = self._encode(sums, inputs)  # E: (B, L, C)

            scores, weighted = None, encodings
            if self.reweighting is not None:
                confidence = mask_confidence(sums)
                scores = self.reweighting(encodings, inputs.valid, confidence)  # w
                weighted = encodings * scores.unsqueeze(-1)

        related = self.attention(inputs.feats, weighted, inputs.valid)  # F_pan
        return RelationOutput(feats=related, scores=scores, encodings=encodings)

    def _encode(self, sums: MaskSums, inputs: RelationInputs) -> Tensor:
        """Normalised encodings plus the vector of each category, ``(B, L, C)``."""
        area = None
        if self.normaliser == 'area':
            area = valid_area(inputs.feats, inputs.pixel_mask)
        encodings = self.norm(panoptic_encodings(sums, area))
        if self.category_embedding is None:
            return encodings
        index = parameter_index(encodings, self.num_classes)
        return encodings + self.category_embedding(index)


class PanopticRelationalAttention(nn.Module):
    """The two products of Sec. 3.4 and Fig. 3 (b); arguments as in :class:`PISR`.

    1. ``F_sp = g_s(E)^T h(F)``: how much each pixel relates to each category.
    2. ``F_pan = g_q(E)^T g_p(F_sp)``: the encodings, written back to the pixels.

    h is a 3x3 convolution, g_s and g_q are 1x1 convolutions over channels, g_p is one
    over categories. Apart from h all of it is linear in the pixels, so ``keys^T
    values``, with ``keys = g_s(E)`` and ``values = g_q(E)`` after g_p, is computed
    first: one D x C matrix for each image, and F_sp, L x HW, is not made.

    Differs from the paper: g_p scales and shifts each category on its own, with the
    same numbers for all slots (``mix_slots=True`` is the paper's dense g_p, which has
    weights for each rank of a slot and needs a fixed K); and each product is divided by
    the root of the number of its terms (``scale_products``).
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int,
        channels: int = 128,
        mix_slots: bool = False,
        initial_shift: float = 1.0,
        first_product: str = 'linear',
        scale_products: bool = True,
    ) -> None:
        super().__init__()
        if first_product not in ('linear', 'softmax'):
            raise ValueError(
                f"first_product must be 'linear' or 'softmax', got {first_product!r}"
            )
        categories = num_classes + num_instances
        self.first_product = first_product
        self.key_scale = channels**-0.5 if scale_products else 1.0
        self.value_scale = categories**-0.5 if scale_products else 1.0
        self.g_s = nn.Linear(in_channels, channels)
        self.g_q = nn.Linear(in_channels, in_channels)
        self.h = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.g_p: nn.Module = (
            _DenseMixing(categories)
            if mix_slots
            else _CategoryAffine(num_classes, initial_shift)
        )

    def forward(self, feats: Tensor, encodings: Tensor, valid: Tensor) -> Tensor:
        """Relate the features to the encodings.

        Args:
            feats: Features F, zero at padding, ``(B, C, H, W)``.
            encodings: Reweighted encodings E, ``(B, L, C)``.
            valid: False marks an empty slot, ``(B, L)`` bool.

        Returns:
            F_pan, channels last in memory, ``(B, C, H, W)``.
        """
        pixels = self.h(feats).flatten(2).transpose(1, 2)  # (B, HW, D)
        with without_autocast(feats):
            mask = valid.unsqueeze(-1)
            keys = self.g_s(encodings) * mask * self.key_scale  # (B, L, D)
            values = self.g_q(encodings) * mask * self.value_scale  # (B, L, C)
            values, shift = self.g_p(values)  # (B, L, C), (B, 1, C)

        related = self._attend(pixels, keys, values, shift, valid)  # (B, HW, C)
        return related.transpose(1, 2).unflatten(2, feats.shape[2:])

    def _attend(
        self, pixels: Tensor, keys: Tensor, values: Tensor, shift: Tensor, valid: Tensor
    ) -> Tensor:
        """``(pixels keys^T) values + shift``, ``(B, HW, C)``."""
        if self.first_product == 'linear':
            with without_autocast(pixels):
                folded = torch.bmm(keys.transpose(1, 2), values)  # (B, D, C)
            return _affine(pixels, folded, shift)

        spatial = torch.bmm(pixels, keys.to(pixels.dtype).transpose(1, 2))  # (B, HW, L)
        spatial = spatial.masked_fill(~valid.unsqueeze(1), -torch.inf).softmax(2)
        return _affine(spatial, values, shift)


def _affine(rows: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """``rows (B, M, I) matrix (B, I, J) + shift (B, 1, J)``, in the dtype of rows."""
    return torch.baddbmm(shift.to(rows.dtype), rows, matrix.to(rows.dtype))


class _CategoryAffine(nn.Module):
    """g_p as a scale and a shift for each class, and one of each for all slots."""

    def __init__(self, num_classes: int, initial_shift: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.category_scale = nn.Parameter(torch.ones(num_classes + 1))
        self.category_shift = nn.Parameter(
            torch.full((num_classes + 1,), initial_shift)
        )

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Fold g_p into the values: ``values^T g_p(F_sp) = scaled^T F_sp + shift``.

        Args:
            values: g_q of each category, ``(B, L, C)``.

        Returns:
            Scaled values, ``(B, L, C)``, and the shift of every pixel, ``(B, 1, C)``.
        """
        index = parameter_index(values, self.num_classes)
        scale = self.category_scale[index, None]  # (L, 1)
        shift = self.category_shift[index, None]  # (L, 1)
        return values * scale, (values * shift).sum(dim=1, keepdim=True)


class _DenseMixing(nn.Module):
    """g_p as a 1x1 convolution over all categories, as in the paper."""

    def __init__(self, categories: int) -> None:
        super().__init__()
        self.mix = nn.Linear(categories, categories)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Fold g_p into the values, as :class:`_CategoryAffine` does.

        Raises:
            ValueError: The number of categories is not that of the constructor.
        """
        if values.shape[1] != self.mix.in_features:
            raise ValueError(
                f'mix_slots=True was built for {self.mix.in_features} categories, got '
                f'{values.shape[1]}: keep num_instances, or set mix_slots=False'
            )
        shift = (values * self.mix.bias[:, None]).sum(dim=1, keepdim=True)  # (B, 1, C)
        return self.mix.weight.t() @ values, shift
