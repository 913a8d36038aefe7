"""PISR on Panoptic-DeepLab: relate both decoders' features, predict once more."""

from collections.abc import Sequence

import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmpisr.models.panoptic_deeplab import PanopticDeepLab, PanopticDeepLabMaps
from mmpisr.registry import MODELS

from . import warm_start
from .common import build_relation, valid_pixels

DecoderFeats = tuple[Tensor, Tensor]


@MODELS.register_module()
class PISRPanopticDeepLab(PanopticDeepLab):
    """Panoptic-DeepLab with a relation between two sets of its three heads.

    F is the semantic decoder's features followed by the instance decoder's, so that
    F' splits into what either part of the final heads reads, and heads of the base
    model fit the final stage as they are.

    Args:
        backbone: Config of the backbone.
        neck: Config of the neck, ``mmpisr.DualDecoder``.
        panoptic_head: Config of the heads; both stages have these.
        relation: Config of the relation; ``in_channels`` and ``num_classes`` are
            filled in.
        heatmaps: Config of the maker of instance heatmaps.
        supervision: Config of eq. (1).
        init_final_from_base: Whether the final heads start as copies of the base's
            when a checkpoint of the base is loaded.
        test_cfg: Config of the grouping, see :class:`PanopticDeepLab`.
        data_preprocessor: Config of the data preprocessor.
        init_cfg: mmengine's initialisation config.

    Raises:
        ValueError: The relation's config disagrees with the heads.
    """

    def __init__(
        self,
        *,
        backbone: dict,
        neck: dict,
        panoptic_head: dict,
        relation: dict,
        heatmaps: dict | None = None,
        supervision: dict | None = None,
        init_final_from_base: bool = True,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            panoptic_head=panoptic_head,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        head = self.panoptic_head
        self.relation = build_relation(
            relation,
            in_channels=head.semantic_channels + head.instance_channels,
            num_classes=head.num_classes,
        )
        self.heatmaps = MODELS.build(
            heatmaps or dict(type='mmpisr.CenterOffsetHeatmaps')
        )
        self.supervision = MODELS.build(
            supervision or dict(type='mmpisr.IntermediateSupervision')
        )
        self.final_panoptic_head = self.build_head(panoptic_head)
        if init_final_from_base:
            warm_start.init_final_from_base(
                self, {'final_panoptic_head': 'panoptic_head'}
            )

    def forward_maps(
        self, feats: DecoderFeats, data_samples: Sequence[DetDataSample] | None = None
    ) -> PanopticDeepLabMaps:
        """The final maps at the features' stride; see :meth:`forward_stages`."""
        return self.forward_stages(feats, data_samples)[1]

    def forward_stages(
        self, feats: DecoderFeats, data_samples: Sequence[DetDataSample] | None = None
    ) -> tuple[PanopticDeepLabMaps, PanopticDeepLabMaps]:
        """The maps of the intermediate and of the final stage.

        Args:
            feats: Semantic and instance features, ``(B, C, h, w)`` each.
            data_samples: Tell padding from image; None: there is no padding.
        """
        intermediate = self.panoptic_head(feats)
        related = self.relate(feats, intermediate, data_samples)
        return intermediate, self.final_panoptic_head(related)

    def relate(
        self,
        feats: DecoderFeats,
        maps: PanopticDeepLabMaps,
        data_samples: Sequence[DetDataSample] | None = None,
    ) -> DecoderFeats:
        """Features for the final heads, in the frame and shapes of the given ones.

        Args:
            feats: Semantic and instance features, ``(B, C, h, w)`` each.
            maps: The intermediate predictions from them.
            data_samples: Tell padding from image; None: there is no padding.
        """
        maps = maps.float()
        probs = maps.sem_logits.softmax(dim=1)  # (B, N, h, w)
        joint = torch.cat(feats, dim=1)  # (B, C_sem + C_ins, h, w)
        pixels = valid_pixels(data_samples, joint)
        heatmaps, valid = self.heatmaps(
            maps.center,
            maps.offset,
            probs,
            pixels,
            num_things=self.panoptic_head.num_things_classes,
            num_instances=self.relation.num_instances,
        )
        related = self.relation(joint, probs, heatmaps, valid, pixels).feats

        channels = [part.shape[1] for part in feats]
        semantic, instance = related.split(channels, dim=1)
        return semantic, instance

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample]
    ) -> dict[str, Tensor]:
        """Losses of both stages, weighed by eq. (1) (``mode='loss'``)."""
        feats = self.extract_feat(batch_inputs)
        intermediate, final = self.forward_stages(feats, batch_data_samples)
        return self.supervision(
            self.panoptic_head.loss_by_maps(intermediate, batch_data_samples),
            self.final_panoptic_head.loss_by_maps(final, batch_data_samples),
        )
