"""PISR: panoptic encodings, reweighted, related to the feature map (Sec. 3.2-3.4)."""

import torch
from torch import nn

from mmpisr.registry import MODELS

from .attention import PanopticRelationalAttention
from .base import BaseRelation, RelationInputs, RelationOutput
from .encodings import category_rows, mask_confidence, panoptic_encodings
from .fusion import GATE
from .reweighting import EncodingReweighting


@MODELS.register_module()
class PISR(BaseRelation):
    """Panoptic, instance and semantic relations.

    Differs from the paper: features are batch-normalised before they are encoded and
    related (what all categories have in common would drown what tells them apart),
    encodings are layer-normalised (raw sums over space differ by orders of magnitude
    between a sky and a sign), reweighting starts from :func:`mask_confidence`
    (normalised, a class that is nowhere would weigh as much as one that is there; the
    paper's sums have it near zero), each category adds a learned vector to its encoding
    (features change while they are learned; what says "this is a boat" should not), the
    result is added to the features (see :class:`Fusion`), and g_p does not mix slots
    (see :class:`PanopticRelationalAttention`). The letter of the paper is
    ``feats_norm=False, encoding_norm=False, category_embedding=False,
    confidence=False, mix_slots=True, fusion='replace'``.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K. Our choice; not public.
        channels: Width of the first product. Our choice; not public.
        reweight: Whether encodings are reweighted (False: Table 5's ablation).
        reweight_channels: Hidden width of the reweighting network, 0: none, scores
            are the confidence of the masks. Our choice; not public.
        confidence: Whether scores start near the confidence of the masks, see
            :class:`EncodingReweighting`.
        normaliser: ``'mass'`` or ``'area'``, see :func:`panoptic_encodings`.
        feats_norm: Whether the features that the relation reads are batch-normalised.
        encoding_norm: Whether encodings are layer-normalised.
        category_embedding: Whether a learned vector is added to the encodings, one a
            class and one for all slots, at first as large as a normalised encoding.
        mix_slots: Whether g_p is dense over categories.
        shift: Weight with which every pixel reads every category at first, see
            :class:`PanopticRelationalAttention`. Our choice; not public.
        attend: ``'linear'`` or ``'softmax'``.
        fusion: ``'residual'`` or ``'replace'``.
        gate: Weight of what the relation adds, at first; see :class:`Fusion`.
        detach_masks: Whether predictions pass no gradient through the relation.
        init_cfg: mmengine's initialisation config.
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
        fusion: str = 'residual',
        gate: float = GATE,
        detach_masks: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes=num_classes,
            num_instances=num_instances,
            fusion=fusion,
            gate=gate,
            detach_masks=detach_masks,
            init_cfg=init_cfg,
        )
        self.normaliser = normaliser
        self.feats_norm = nn.BatchNorm2d(in_channels) if feats_norm else nn.Identity()
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
        )

    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Encode, name, reweight, attend."""
        feats = torch.where(inputs.pixel_mask, self.feats_norm(inputs.feats), 0)
        encodings = self.norm(
            panoptic_encodings(
                feats,
                inputs.masks,
                pixel_mask=inputs.pixel_mask,
                normaliser=self.normaliser,
            )
        )  # (B, L, C)
        if self.embedding is not None:
            rows = category_rows(encodings, self.num_classes)
            encodings = encodings + self.embedding(rows)

        weights, weighted = None, encodings
        if self.reweighting is not None:
            confidence = mask_confidence(inputs.masks)
            weights = self.reweighting(encodings, inputs.valid, confidence)  # (B, L)
            weighted = encodings * weights.unsqueeze(-1)

        related = self.attention(feats, weighted, inputs.valid)
        return RelationOutput(feats=related, weights=weights, encodings=encodings)
