"""PISR on two-stage panoptic models: relate the finest level, predict once more."""

from collections.abc import Sequence

import torch
from mmdet.models.detectors import TwoStagePanopticSegmentor
from mmdet.registry import MODELS as MMDET_MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn import functional as F

from mmpisr.models.heatmaps import check_roi_head, class_maps
from mmpisr.registry import MODELS

from . import warm_start
from .common import build_relation, unpadded_samples, valid_pixels
from .pyramid import join_pyramid
from .recording import recorded
from .two_stage_losses import Losses, rpn_losses_and_proposals, stage_losses

Pyramid = Sequence[Tensor]
Samples = Sequence[DetDataSample]
Proposals = Sequence[InstanceData]


@MODELS.register_module()
class PISRTwoStagePanopticSegmentor(TwoStagePanopticSegmentor):
    """Any two-stage panoptic model with a relation between two sets of its heads.

    F is the finest level of the pyramid, S the semantic head's probabilities, I the
    best detections' masks. F' joins every level. Both stages read the same proposals,
    with RPN losses counted once. The fusion of the final predictions is the base
    model's.

    A semantic head that takes all things for one class (Panoptic-FPN's) cannot say
    which things there are, and detections come in the order of their scores. So the
    map of a thing class in S is the highest heatmap of its detections
    (:func:`class_maps`): our choice, the paper encodes "every semantic class" and does
    not say what that is here.

    The paper does not say how F' reaches the other levels of a pyramid: pooling what
    the relation has changed is our choice.

    Args:
        backbone: Config of the backbone.
        roi_head: Config of the boxes' and masks' head; both stages have it.
        semantic_head: Config of the semantic head; both stages have it.
        panoptic_fusion_head: Config of the fusion.
        relation: Config of the relation; ``in_channels`` and ``num_classes`` are
            filled in.
        test_cfg: The base's, with ``rpn``, ``rcnn`` and ``panoptic``.
        train_cfg: The base's, with ``rpn``, ``rpn_proposal`` and ``rcnn``; None: the
            model only predicts.
        neck: Config of the neck, which makes the pyramid.
        rpn_head: Config of the proposals' head; None: data samples bring proposals.
        heatmaps: Config of the maker of instance heatmaps.
        thing_maps: Whether S has a map for each thing class where the semantic head
            has one class for all things; False: S is what the semantic head says.
        supervision: Config of eq. (1).
        init_final_from_base: Whether the final heads start as copies of the base's
            when a checkpoint of the base is loaded.
        data_preprocessor: Config of the data preprocessor.
        init_cfg: mmengine's initialisation config.

    Raises:
        ValueError: The RoI head predicts no masks, or in a way of its own; or the
            relation's config disagrees with the heads.
    """

    def __init__(
        self,
        *,
        backbone: dict,
        roi_head: dict,
        semantic_head: dict,
        panoptic_fusion_head: dict,
        relation: dict,
        test_cfg: dict,
        train_cfg: dict | None = None,
        neck: dict | None = None,
        rpn_head: dict | None = None,
        heatmaps: dict | None = None,
        thing_maps: bool = True,
        supervision: dict | None = None,
        init_final_from_base: bool = True,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            rpn_head=rpn_head,
            roi_head=roi_head,
            semantic_head=semantic_head,
            panoptic_fusion_head=panoptic_fusion_head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        check_roi_head(self.roi_head)
        things, stuff = self.num_things_classes, self.num_stuff_classes
        classes = self.semantic_head.num_classes
        self.thing_maps = thing_maps and classes == stuff + 1
        host = dict(num_classes=things + stuff if self.thing_maps else classes)
        self.relation = build_relation(relation, **host, **self._pyramid_channels())
        self.heatmaps = MODELS.build(heatmaps or dict(type='mmpisr.RoIMaskHeatmaps'))
        self.supervision = MODELS.build(
            supervision or dict(type='mmpisr.IntermediateSupervision')
        )
        configs = dict(train_cfg=self.roi_head.train_cfg, test_cfg=test_cfg['rcnn'])
        self.final_roi_head = MMDET_MODELS.build({**roi_head, **configs})
        self.final_semantic_head = MMDET_MODELS.build(semantic_head)
        if init_final_from_base:
            heads = 'roi_head', 'semantic_head'
            warm_start.init_final_from_base(self, {f'final_{h}': h for h in heads})

    def _pyramid_channels(self) -> dict[str, int]:
        """``in_channels`` as the neck, or else the RPN, knows it; empty: neither."""
        known = (
            getattr(getattr(self, 'neck', None), 'out_channels', None),
            getattr(getattr(self, 'rpn_head', None), 'in_channels', None),
        )
        numbers = [number for number in known if isinstance(number, int)]
        return dict(in_channels=numbers[0]) if numbers else {}

    @property
    def class_rows(self) -> list[int] | None:
        """The map in S of each class; None: one a class, in order."""
        if self.relation.num_classes != self.num_stuff_classes + 1:
            return None
        things = [self.num_stuff_classes] * self.num_things_classes
        return things + list(range(self.num_stuff_classes))

    def loss(self, batch_inputs: Tensor, batch_data_samples: Samples) -> Losses:
        """RPN losses, and those of both stages weighed by eq. (1) (``mode='loss'``)."""
        feats = self.extract_feat(batch_inputs)
        rpn_losses, proposals = self.propose_with_losses(feats, batch_data_samples)

        with recorded(self.semantic_head) as semantic:
            intermediate = stage_losses(
                self.roi_head, self.semantic_head, feats, proposals, batch_data_samples
            )
        seg_logits = semantic.output['seg_preds']
        related = self.relate(feats, seg_logits, proposals, batch_data_samples)

        final = stage_losses(
            self.final_roi_head,
            self.final_semantic_head,
            related,
            proposals,
            batch_data_samples,
        )
        return {**rpn_losses, **self.supervision(intermediate, final)}

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: Samples, rescale: bool = True
    ) -> Samples:
        """Add ``pred_panoptic_seg``, mmdet's encoding, to the data samples.

        Args:
            batch_inputs: Normalised images, ``(B, 3, H, W)``.
            batch_data_samples: One for each image.
            rescale: Whether maps have ``ori_shape`` or the size of the input.
        """
        related, proposals = self.related_feats(batch_inputs, batch_data_samples)

        metas = [sample.metainfo for sample in batch_data_samples]
        instances = self.final_roi_head.predict(
            related, proposals, batch_data_samples, rescale=rescale
        )
        seg_logits = self.final_semantic_head.predict(related, metas, rescale)

        results = self.panoptic_fusion_head.predict(instances, seg_logits)
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(
        self, batch_inputs: Tensor, batch_data_samples: Samples | None = None
    ) -> tuple[Tensor, ...]:
        """Raw outputs of the final heads (``mode='tensor'``), semantic logits last."""
        if batch_data_samples is None:
            batch_data_samples = unpadded_samples(batch_inputs)
        related, proposals = self.related_feats(batch_inputs, batch_data_samples)

        rois = self.final_roi_head.forward(related, proposals, batch_data_samples)
        return *rois, self.final_semantic_head(related)['seg_preds']

    def related_feats(
        self, batch_inputs: Tensor, data_samples: Samples
    ) -> tuple[Pyramid, Proposals]:
        """The pyramid and the proposals that the final heads read, in prediction."""
        feats = self.extract_feat(batch_inputs)
        proposals = self.propose(feats, data_samples)
        seg_logits = self.semantic_head(feats)['seg_preds']
        return self.relate(feats, seg_logits, proposals, data_samples), proposals

    def propose(self, feats: Pyramid, data_samples: Samples) -> Proposals:
        """Proposals to predict from: the data samples' own, or else the RPN's."""
        if data_samples[0].get('proposals', None) is not None:
            return [sample.proposals for sample in data_samples]
        return self.rpn_head.predict(feats, data_samples, rescale=False)

    def propose_with_losses(
        self, feats: Pyramid, data_samples: Samples
    ) -> tuple[Losses, Proposals]:
        """Losses of the RPN under mmdet's names, and proposals to train from."""
        if not self.with_rpn:
            return {}, self.propose(feats, data_samples)
        config = self.train_cfg.get('rpn_proposal', self.test_cfg.rpn)
        return rpn_losses_and_proposals(self.rpn_head, feats, data_samples, config)

    def relate(
        self,
        feats: Pyramid,
        seg_logits: Tensor,
        proposals: Proposals,
        data_samples: Samples,
    ) -> Pyramid:
        """The pyramid for the final heads, in the frames and shapes of the given one.

        Args:
            feats: Levels ``(B, C, h, w)``, the finest first.
            seg_logits: The intermediate semantic head's, ``(B, N, ., .)``.
            proposals: Of each image; not changed.
            data_samples: Tell padding from image.
        """
        finest = feats[0]
        probs = seg_logits.float().softmax(dim=1)
        if probs.shape[2:] != finest.shape[2:]:
            probs = F.interpolate(probs, finest.shape[2:], mode='bilinear')
        heatmaps, valid, labels = self.heatmaps(
            self.roi_head,
            feats,
            proposals,
            [sample.metainfo for sample in data_samples],
            num_instances=self.relation.num_instances,
        )
        if self.thing_maps:
            things = class_maps(heatmaps, labels, num_classes=self.num_things_classes)
            probs = torch.cat([things, probs[:, : self.num_stuff_classes]], dim=1)

        pixels = valid_pixels(data_samples, finest)
        related = self.relation(finest, probs, heatmaps, valid, pixels).feats
        return join_pyramid(feats, related, pixels)
