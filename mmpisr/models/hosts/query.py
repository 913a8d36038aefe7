"""PISR on query models (MaskFormer, Mask2Former): relate the masks, predict once more.

The heads go where a config has its ``panoptic_head``; the detector stays mmdet's.
"""

from copy import deepcopy
from typing import Any

import torch
from mmdet.models.dense_heads import Mask2FormerHead, MaskFormerHead
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmpisr.models.relations import without_autocast
from mmpisr.registry import MODELS

from . import warm_start
from .common import build_relation, valid_pixels
from .query_refresh import QueryRefresh
from .recording import recorded


def semantic_probs(class_probs: Tensor, mask_probs: Tensor) -> Tensor:
    """Class probabilities of pixels from those of queries and their masks.

    Args:
        class_probs: Probability of each class, ``(B, Q, N)``; what is missing from a
            sum of one is the probability of no object.
        mask_probs: Masks in [0, 1], ``(B, Q, H, W)``.

    Returns:
        Their products summed over queries, float32, ``(B, N, H, W)``; divided by the
        sum over classes where that exceeds one (queries may overlap).
    """
    with without_autocast(mask_probs):
        total = torch.einsum(
            'bqn,bqhw->bnhw', class_probs.float(), mask_probs.float()
        )  # (B, N, H, W)
        return total / total.sum(dim=1, keepdim=True).clamp(min=1)


def untrained_copy(module: nn.Module) -> nn.Module:
    """The same layers with parameters of their own, freshly drawn."""
    copy = deepcopy(module)
    for layer in copy.modules():
        reset = getattr(layer, 'reset_parameters', None)
        if callable(reset):
            reset()
    return copy


@MODELS.register_module()
class PISRMaskFormerHead(MaskFormerHead):
    """MaskFormer's head with a relation and a second prediction from its last layer.

    F is the pixel decoder's mask features; S and I come from classes and masks that
    the last decoder layer predicts. F' replaces the mask features, and the queries of
    that layer are refreshed with F' pooled under their masks.

    mmdet's ``forward``, ``loss`` and ``predict`` run as they are: the final prediction
    stands behind the layers' own, where ``predict`` looks for it.

    The final masks are one product of one layer, mmdet's MaskFormer has one of all
    layers. Both are equal bit for bit on CPUs (with 1, 2 and 4 threads, 100 queries on
    160 x 216 pixels among 700 random shapes); the exceptions found were maps of one
    pixel's width, and fewer than 20 queries.

    Args:
        relation: Config of the relation; ``in_channels`` and ``num_classes`` are
            filled in.
        heatmaps: Config of the maker of instance heatmaps.
        supervision: Config of eq. (1).
        refresh_queries: Whether queries read F' under their masks before the final
            prediction. Our choice; the paper does not say how queries meet F_pan.
        init_final_from_base: Whether the final predictors start as copies of the
            base's when a checkpoint of the base is loaded.
        **base: What the base's head takes.

    Raises:
        ValueError: The relation's config disagrees with the head.
    """

    def __init__(
        self,
        *,
        relation: dict,
        heatmaps: dict | None = None,
        supervision: dict | None = None,
        refresh_queries: bool = True,
        init_final_from_base: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        mask_channels = self.mask_embed[-1].out_features
        self.relation = build_relation(
            relation, in_channels=mask_channels, num_classes=self.num_classes
        )
        self.heatmaps = MODELS.build(heatmaps or dict(type='mmpisr.QueryMaskHeatmaps'))
        self.supervision = MODELS.build(
            supervision or dict(type='mmpisr.IntermediateSupervision')
        )
        self.query_refresh = (
            QueryRefresh(self.cls_embed.in_features, feat_channels=mask_channels)
            if refresh_queries
            else None
        )
        self.final_cls_embed = untrained_copy(self.cls_embed)
        self.final_mask_embed = untrained_copy(self.mask_embed)
        if init_final_from_base:
            warm_start.init_final_from_base(
                self, {'final_cls_embed': 'cls_embed', 'final_mask_embed': 'mask_embed'}
            )

    def init_weights(self) -> None:
        """Initialise as mmdet does, which leaves out modules it does not know."""
        super().init_weights()
        self.relation.init_weights()

    def forward(
        self, x: tuple[Tensor, ...], batch_data_samples: list[DetDataSample]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Predictions of every decoder layer, and the final one behind them.

        Args:
            x: Features of the backbone, coarsest last, ``(B, C_i, h_i, w_i)``.
            batch_data_samples: Tell padding from image.

        Returns:
            Class logits, ``(B, Q, N + 1)`` each, the last class is no object; and mask
            logits at the stride of the mask features, ``(B, Q, h, w)`` each.
        """
        with (
            recorded(self.pixel_decoder) as decoder,
            recorded(self.cls_embed) as classifier,
        ):
            logits, masks = super().forward(x, batch_data_samples)
        queries = classifier.inputs[0]  # (layers, B, Q, C) at once, or one layer's
        queries = queries.reshape(-1, *logits[-1].shape[:2], queries.shape[-1])[-1]

        feats = decoder.output[0]
        final_logits, final_masks = self.forward_final(
            queries,
            feats,
            logits[-1],
            masks[-1],
            valid_pixels(batch_data_samples, feats),
        )
        return [*logits, final_logits], [*masks, final_masks]

    def forward_final(
        self,
        queries: Tensor,
        feats: Tensor,
        logits: Tensor,
        masks: Tensor,
        pixel_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Relate the last layer's predictions and predict once more.

        Args:
            queries: Normalised queries of the last layer, ``(B, Q, C)``.
            feats: Mask features F, ``(B, D, h, w)``.
            logits: Class logits of that layer, ``(B, Q, N + 1)``.
            masks: Mask logits of that layer, ``(B, Q, h, w)``.
            pixel_mask: False marks padding, ``(B, h, w)`` bool; None: there is none.

        Returns:
            Class and mask logits in the shapes of the given ones.
        """
        class_probs = logits.float().softmax(dim=-1)[:, :, :-1]  # (B, Q, N)
        mask_probs = masks.float().sigmoid()
        heatmaps, valid = self.heatmaps(
            class_probs[:, :, : self.num_things_classes],
            mask_probs,
            num_instances=self.relation.num_instances,
        )

        semantic = semantic_probs(class_probs, mask_probs)
        related = self.relation(feats, semantic, heatmaps, valid, pixel_mask).feats
        if self.query_refresh is not None:
            queries = self.query_refresh(queries, related, mask_probs, pixel_mask)

        embedded = self.final_mask_embed(queries)  # (B, Q, D)
        final_masks = torch.einsum('bqc,bchw->bqhw', embedded, related)
        return self.final_cls_embed(queries), final_masks

    def loss_by_feat(
        self,
        all_cls_scores: list[Tensor],
        all_mask_preds: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> dict[str, Tensor]:
        """Losses of all layers and of the final prediction, weighed by eq. (1).

        Args:
            all_cls_scores: Class logits as :meth:`forward` gives them.
            all_mask_preds: Mask logits as :meth:`forward` gives them.
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

    Masked attention reads the intermediate masks, as in the base: the relation stands
    behind the last layer.
    """
