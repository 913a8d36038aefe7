"""PISR: panoptic encodings, reweighted, related to the feature map (Sec. 3.2-3.4)."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .base import BaseRelation, RelationInputs, RelationOutput
from .encodings import (
    EncodingReweighting,
    category_rows,
    mask_confidence,
    mean_feature,
    panoptic_encodings,
    valid_area,
)
from .precision import wide_dtype, without_autocast


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
        pixel_norm: bool = True,
    ) -> None:
        super().__init__()
        self.pixel_norm = pixel_norm
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

    def forward(
        self,
        feats: Tensor,
        encodings: Tensor,
        valid: Tensor,
        pixel_mask: Tensor | None = None,
    ) -> Tensor:
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

            if self.pixel_norm:
                mean, std = pixel_statistics(pixels, pixel_mask)  # (B, 1, D)
                keys = keys / std
                offset = -mean @ keys.transpose(1, 2)  # (B, 1, L)
                shift = shift + offset @ values
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


def pixel_statistics(
    pixels: Tensor, pixel_mask: Tensor | None, eps: float = 1e-5
) -> tuple[Tensor, Tensor]:
    dtype = wide_dtype(pixels)
    area = valid_area(pixels.transpose(1, 2), pixel_mask)  # (B, 1, 1)
    if pixel_mask is not None:
        pixels = torch.where(pixel_mask.flatten(1).unsqueeze(2), pixels, 0)
    mean = pixels.sum(dim=1, keepdim=True, dtype=dtype) / area
    norm = torch.linalg.vector_norm(pixels, dim=1, keepdim=True, dtype=dtype)
    variance = (norm.square() / area - mean.square()).clamp(min=0)
    return mean, (variance + eps).sqrt()


class _OwnScale(nn.Module):
    """g_p as a scale and a shift a class, and one of each for all instance slots."""

    def __init__(self, num_classes: int, shift: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.scale = nn.Parameter(torch.ones(num_classes + 1))
        self.shift = nn.Parameter(torch.full((num_classes + 1,), shift))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """What ``values^T g_p(F_sp)`` multiplies F_sp by, and what it adds.

        Args:
            values: g_q of each category, ``(B, L, C)``.

        Returns:
            ``(B, L, C)`` and ``(B, 1, C)``.
        """
        row = category_rows(values, self.num_classes)
        scale, shift = self.scale[row, None], self.shift[row, None]  # (L, 1)
        return values * scale, (values * shift).sum(dim=1, keepdim=True)


class _DenseMixing(nn.Linear):
    """g_p as a 1x1 convolution over all categories, as the paper writes it."""

    def __init__(self, categories: int) -> None:
        super().__init__(categories, categories)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """As in :class:`_OwnScale`, for any F_sp ``(L, HW)`` of as many categories."""
        if values.shape[1] != self.in_features:
            raise ValueError(
                f'mix_slots=True was built for {self.in_features} categories, '
                f'got {values.shape[1]}'
            )
        shift = (values * self.bias[:, None]).sum(dim=1, keepdim=True)  # (B, 1, C)
        return self.weight.t() @ values, shift


@MODELS.register_module()
class PISR(BaseRelation):
    """Panoptic, instance and semantic relations.

    Differs from the paper, each with its reason in ``docs/design_decisions.md``: the
    mean feature of the image is subtracted from the features that are encoded
    (``center``); encodings are means under the masks (``normaliser='mass'``) and
    layer-normalised (``encoding_norm``); each category adds a learned vector to its
    encoding (``category_embedding``); scores start at :func:`mask_confidence`
    (``confidence``); the result is added to the features (``fusion``); and g_p does not
    mix slots (``mix_slots``), behind products that are scaled (``scale_products``). The
    letter of the paper is ``configs/_base_/relations/pisr_literal.py``.

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
        normaliser: ``'mass'`` or ``'area'``, see :func:`panoptic_encodings`.
        center: Whether the image's mean feature is subtracted before encoding.
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
        center: bool = True,
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
        self.normaliser = normaliser
        self.center = center
        self.norm = nn.LayerNorm(in_channels) if encoding_norm else nn.Identity()
        self.embedding = (
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
            pixel_norm=center,
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Encode, name, reweight, attend."""
        with without_autocast(inputs.feats):
            encodings = self._encode(inputs)  # (B, L, C)
            weights, weighted = None, encodings
            if self.reweighting is not None:
                masks = inputs.sem_probs, inputs.inst_heatmaps
                confidence = torch.cat([mask_confidence(m) for m in masks], dim=1)
                confidence = confidence.masked_fill(~inputs.valid, 0)
                weights = self.reweighting(encodings, inputs.valid, confidence)
                weighted = encodings * weights.unsqueeze(-1)

        related = self.attention(
            inputs.feats, weighted, inputs.valid, inputs.pixel_mask
        )
        return RelationOutput(feats=related, weights=weights, encodings=encodings)

    def _encode(self, inputs: RelationInputs) -> Tensor:
        """Normalised encodings with the vector of each category, ``(B, L, C)``."""
        mean = mean_feature(inputs.feats, inputs.pixel_mask) if self.center else None
        encode = partial(
            panoptic_encodings,
            inputs.feats,
            mean=mean,
            pixel_mask=inputs.pixel_mask,
            normaliser=self.normaliser,
        )
        masks = inputs.sem_probs, inputs.inst_heatmaps
        encodings = torch.cat([encode(part) for part in masks], dim=1)  # (B, L, C)
        encodings = self.norm(encodings.masked_fill(~inputs.valid.unsqueeze(-1), 0))
        if self.embedding is None:
            return encodings
        rows = category_rows(encodings, self.embedding.num_embeddings - 1)
        return encodings + self.embedding(rows)
