"""PISR on query models (MaskFormer, Mask2Former): relate the masks, predict again.

The heads replace a config's ``panoptic_head``; the detector is mmdet's.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from mmdet.models.dense_heads import Mask2FormerHead, MaskFormerHead
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmpisr.models.relations import (
    GatedResidual,
    mask_sums,
    panoptic_encodings,
    without_autocast,
)
from mmpisr.registry import MODELS

from .common import RelationHost, recorded, valid_pixels


def semantic_probs(class_probs: Tensor, mask_probs: Tensor) -> Tensor:
    """Class probabilities of pixels from those of queries and their masks.

    Args:
        class_probs: Probability of each class, without "no object", ``(B, Q, N)``.
        mask_probs: Masks in [0, 1], ``(B, Q, H, W)``.

    Returns:
        Class times mask probability summed over queries, float32, ``(B, N, H, W)``;
        divided by its sum over classes where that exceeds one (queries may overlap).
    """
    with without_autocast(mask_probs):
        total = torch.einsum(
            'bqn,bqhw->bnhw', class_probs.float(), mask_probs.float()
        )  # (B, N, H, W)
        return total / total.sum(dim=1, keepdim=True).clamp(min=1)


def untrained_copy(module: nn.Module) -> nn.Module:
    """Copy a module and draw the parameters of the copy anew."""
    copy = deepcopy(module)
    for layer in copy.modules():
        reset = getattr(layer, 'reset_parameters', None)
        if callable(reset):
            reset()
    return copy


class QueryRefresh(GatedResidual):
    """Add to each query the related features under its intermediate mask.

    ``q' = q + gate * norm(MLP(norm(pooled)))``; as in
    :class:`~mmpisr.models.relations.Fusion` the gate is the per-channel weight of a
    layer normalisation, and it is closed when a trained base model is loaded.

    The paper does not say how queries use F_pan; chosen here.

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
            pixel_mask: False marks padding, ``(B, H, W)`` bool; None: no padding.

        Returns:
            ``(B, Q, C)``. The mean under a mask of zeros is zero.
        """
        if pixel_mask is not None:
            mask_probs = torch.where(pixel_mask.unsqueeze(1), mask_probs, 0)
        pooled = panoptic_encodings(mask_sums(feats, mask_probs))  # (B, Q, D)
        with without_autocast(queries):
            update = self.gate_norm(self.mlp(self.norm(pooled)))  # (B, Q, C)
        return queries + update.to(queries.dtype)


@MODELS.register_module()
class PISRMaskFormerHead(RelationHost, MaskFormerHead):
    """MaskFormer's head with a relation and a second prediction from its last layer.

    F is the pixel decoder's mask features. S and I come from the classes and masks that
    the last decoder layer predicts. F' replaces the mask features, and the queries of
    that layer are refreshed with F' pooled under their masks.

    mmdet's ``forward``, ``loss`` and ``predict`` are used unchanged: the final
    prediction is appended to those of the layers, and ``predict`` reads the last one.

    mmdet's MaskFormer computes the masks of all layers in one product; the final masks
    are a product of their own. On CPUs both are equal bit for bit, except for very few
    queries or maps of one pixel's width.

    Args:
        relation: Config of the relation without ``in_channels`` and ``num_classes``.
        heatmap_maker: Config of the maker of instance heatmaps;
            ``mmpisr.QueryMaskHeatmaps`` if None.
        supervision: Config of eq. (1).
        refresh_queries: Whether F' under their masks is added to the queries before the
            final prediction, see :class:`QueryRefresh`.
        init_final_from_base: Whether the final predictors start as copies of the
            base's when a checkpoint of the base is loaded.
        **base: Arguments of the base's head.

    Raises:
        ValueError: ``loss_cls.class_weight`` has not one weight per class and one for
            "no object", or a number in the relation's config differs from the head's.
    """

    def __init__(
        self,
        *,
        relation: dict,
        heatmap_maker: dict | None = None,
        supervision: dict | None = None,
        refresh_queries: bool = True,
        init_final_from_base: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self._check_class_weights()
        mask_channels = self.mask_embed[-1].out_features
        self.set_relation(
            relation,
            in_channels=mask_channels,
            num_classes=self.num_classes,
            heatmap_maker=heatmap_maker or dict(type='mmpisr.QueryMaskHeatmaps'),
            supervision=supervision,
        )
        self.query_refresh = (
            QueryRefresh(self.cls_embed.in_features, feat_channels=mask_channels)
            if refresh_queries
            else None
        )
        self.set_final_heads(
            cls_embed=untrained_copy(self.cls_embed),
            mask_embed=untrained_copy(self.mask_embed),
            init_final_from_base=init_final_from_base,
        )

    def _check_class_weights(self) -> None:
        weights, expected = self.class_weight, self.num_classes + 1
        if isinstance(weights, list | tuple) and len(weights) != expected:
            raise ValueError(
                f'loss_cls.class_weight has {len(weights)} weights, but the head has '
                f'{self.num_things_classes} thing and {self.num_stuff_classes} stuff '
                f'classes, and one for no object: {expected} weights are needed'
            )

    def init_weights(self) -> None:
        """Initialise mmdet's modules, then the relation, which mmdet leaves out."""
        super().init_weights()
        self.relation.init_weights()

    def forward(
        self, x: tuple[Tensor, ...], batch_data_samples: list[DetDataSample]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Predictions of every decoder layer, followed by the final one.

        Args:
            x: Features of the backbone, coarsest last, ``(B, C_i, h_i, w_i)``.
            batch_data_samples: Their shapes mark padding.

        Returns:
            Class logits, ``(B, Q, N + 1)`` each, the last class is "no object"; and
            mask logits at the stride of the mask features, ``(B, Q, h, w)`` each.
        """
        with (
            recorded(self.pixel_decoder) as decoder,
            recorded(self.cls_embed) as classifier,
        ):
            logits, masks = super().forward(x, batch_data_samples)
        queries = classifier.inputs[0]  # of all layers (layers, B, Q, C) or of the last
        queries = queries.reshape(-1, *logits[-1].shape[:2], queries.shape[-1])[-1]

        feats = decoder.output[0]
        pixel_mask = valid_pixels(batch_data_samples, feats)
        final_logits, final_masks = self.forward_final(
            queries, feats, logits[-1], masks[-1], pixel_mask
        )
        return [*logits, final_logits], [*masks, final_masks]

    def final_probs(
        self, feats: tuple[Tensor, ...], data_samples: Sequence[DetDataSample]
    ) -> Tensor:
        """Final classes times masks, summed over queries, ``(B, N, h, w)``."""
        logits, masks = self.forward(feats, [*data_samples])
        class_probs = logits[-1].float().softmax(dim=-1)[:, :, :-1]  # (B, Q, N)
        return semantic_probs(class_probs, masks[-1].float().sigmoid())

    def forward_final(
        self,
        queries: Tensor,
        feats: Tensor,
        logits: Tensor,
        masks: Tensor,
        pixel_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Relate the last layer's predictions and predict again.

        Args:
            queries: Normalised queries of the last layer, ``(B, Q, C)``.
            feats: Mask features F, ``(B, D, h, w)``.
            logits: Class logits of that layer, ``(B, Q, N + 1)``.
            masks: Mask logits of that layer, ``(B, Q, h, w)``.
            pixel_mask: False marks padding, ``(B, h, w)`` bool; None: no padding.

        Returns:
            Class and mask logits in the shapes of the given ones.
        """
        class_probs = logits.float().softmax(dim=-1)[:, :, :-1]  # (B, Q, N)
        mask_probs = masks.float().sigmoid()
        related = self.related_feats(feats, class_probs, mask_probs, pixel_mask)
        if self.query_refresh is not None:
            queries = self.query_refresh(queries, related, mask_probs, pixel_mask)

        embedded = self.final_mask_embed(queries)  # (B, Q, D)
        final_masks = torch.einsum('bqc,bchw->bqhw', embedded, related)
        return self.final_cls_embed(queries), final_masks

    def related_feats(
        self,
        feats: Tensor,
        class_probs: Tensor,
        mask_probs: Tensor,
        pixel_mask: Tensor | None = None,
    ) -> Tensor:
        """Mask features F' for the final prediction, in the frame and shape of F.

        Args:
            feats: Mask features F, ``(B, D, h, w)``.
            class_probs: Probability of each class, things first, ``(B, Q, N)``.
            mask_probs: Masks in [0, 1], ``(B, Q, h, w)``.
            pixel_mask: False marks padding, ``(B, h, w)`` bool; None: no padding.
        """
        heatmaps, inst_valid = self.heatmap_maker(
            class_probs[:, :, : self.num_things_classes],
            mask_probs,
            num_instances=self.relation.num_instances,
        )
        sem_probs = semantic_probs(class_probs, mask_probs)
        return self.relation(feats, sem_probs, heatmaps, inst_valid, pixel_mask).feats

    def loss_by_feat(
        self,
        all_cls_scores: list[Tensor],
        all_mask_preds: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> dict[str, Tensor]:
        """Losses of all layers and of the final prediction, weighted by eq. (1).

        Args:
            all_cls_scores: Class logits as :meth:`forward` returns them.
            all_mask_preds: Mask logits as :meth:`forward` returns them.
            batch_gt_instances: Labels ``(S,)`` and masks ``(S, H, W)`` of things and
                stuff of each image.
            batch_img_metas: Meta information of each image.
        """
        compute = super().loss_by_feat
        targets = batch_gt_instances, batch_img_metas
        return self.supervision(
            compute(all_cls_scores[:-1], all_mask_preds[:-1], *targets),
            compute(all_cls_scores[-1:], all_mask_preds[-1:], *targets),
        )


@MODELS.register_module()
class PISRMask2FormerHead(PISRMaskFormerHead, Mask2FormerHead):
    """Mask2Former's head with a relation; see :class:`PISRMaskFormerHead`.

    As in the base, masked attention reads the intermediate masks; the relation comes
    after the last layer.
    """
