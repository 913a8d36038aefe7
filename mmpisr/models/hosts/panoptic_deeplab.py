"""PISR on Panoptic-DeepLab: relate both decoders' features, then predict again."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmpisr.models.panoptic_deeplab import (
    PanopticDeepLab,
    PanopticDeepLabHead,
    PanopticDeepLabMaps,
)
from mmpisr.registry import MODELS

from .common import RelationHost, valid_pixels

DecoderFeats = tuple[Tensor, Tensor]


@MODELS.register_module()
class PISRPanopticDeepLab(RelationHost, PanopticDeepLab):
    """Panoptic-DeepLab with a relation between two sets of its three heads.

    F is the concatenation of semantic and instance decoder features. F' is split
    again, so that the final heads have the shapes of the base's.

    Args:
        panoptic_head: Config of the heads of both stages.
        relation: Config of the relation without ``in_channels`` and ``num_classes``.
        heatmap_maker: Config of the maker of instance heatmaps;
            ``mmpisr.CenterOffsetHeatmaps`` if None.
        supervision: Config of eq. (1).
        init_final_from_base: Whether the final heads start as copies of the base's
            when a checkpoint of the base is loaded.
        **base: Further arguments of :class:`PanopticDeepLab`.

    Raises:
        ValueError: The channels of neck and heads differ, or a number in the relation's
            config differs from the heads'.
    """

    final_panoptic_head: PanopticDeepLabHead

    def __init__(
        self,
        *,
        panoptic_head: dict,
        relation: dict,
        heatmap_maker: dict | None = None,
        supervision: dict | None = None,
        init_final_from_base: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(panoptic_head=panoptic_head, **base)
        head = self.panoptic_head
        self.set_relation(
            relation,
            in_channels=head.semantic_channels + head.instance_channels,
            num_classes=head.num_classes,
            heatmap_maker=heatmap_maker or dict(type='mmpisr.CenterOffsetHeatmaps'),
            supervision=supervision,
        )
        self.set_final_heads(
            panoptic_head=self.build_head(panoptic_head),
            init_final_from_base=init_final_from_base,
        )

    def forward_maps(
        self, feats: DecoderFeats, data_samples: Sequence[DetDataSample] | None = None
    ) -> PanopticDeepLabMaps:
        """Maps of the final stage at the features' stride, see ``forward_stages``."""
        return self.forward_stages(feats, data_samples)[1]

    def final_probs(
        self, feats: DecoderFeats, data_samples: Sequence[DetDataSample]
    ) -> Tensor:
        """Softmax of the final semantic head, ``(B, N, h, w)``."""
        return self.forward_maps(feats, data_samples).sem_logits.float().softmax(dim=1)

    def forward_stages(
        self, feats: DecoderFeats, data_samples: Sequence[DetDataSample] | None = None
    ) -> tuple[PanopticDeepLabMaps, PanopticDeepLabMaps]:
        """Maps of the intermediate and of the final stage.

        Args:
            feats: Semantic and instance features, ``(B, C, h, w)`` each.
            data_samples: Their shapes mark padding; None: no image is padded.
        """
        intermediate = self.panoptic_head(feats)
        related = self.related_feats(feats, intermediate, data_samples)
        return intermediate, self.final_panoptic_head(related)

    def related_feats(
        self,
        feats: DecoderFeats,
        maps: PanopticDeepLabMaps,
        data_samples: Sequence[DetDataSample] | None = None,
    ) -> DecoderFeats:
        """Features F' for the final heads, in the frames and shapes of the given ones.

        Args:
            feats: Semantic and instance features, ``(B, C, h, w)`` each.
            maps: Intermediate predictions from these features.
            data_samples: Their shapes mark padding; None: no image is padded.
        """
        maps = maps.float()
        sem_probs = maps.sem_logits.softmax(dim=1)  # (B, N, h, w)
        joint = torch.cat(feats, dim=1)  # (B, C_sem + C_ins, h, w)
        pixel_mask = valid_pixels(data_samples, joint)
        heatmaps, inst_valid = self.heatmap_maker(
            maps.center,
            maps.offset,
            sem_probs,
            pixel_mask,
            num_things=self.panoptic_head.num_things_classes,
            num_instances=self.relation.num_instances,
        )
        related = self.relation(
            joint, sem_probs, heatmaps, inst_valid, pixel_mask
        ).feats  # (B, C_sem + C_ins, h, w)

        semantic, instance = related.split([part.shape[1] for part in feats], dim=1)
        return semantic, instance

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample]
    ) -> dict[str, Tensor]:
        """Losses of both stages, weighted by eq. (1) (``mode='loss'``)."""
        feats = self.extract_feat(batch_inputs)
        intermediate, final = self.forward_stages(feats, batch_data_samples)
        return self.supervision(
            self.panoptic_head.loss_by_maps(intermediate, batch_data_samples),
            self.final_panoptic_head.loss_by_maps(final, batch_data_samples),
        )
