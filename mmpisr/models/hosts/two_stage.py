"""PISR on two-stage panoptic models: relate the finest level, then predict again."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmdet.models.detectors import TwoStagePanopticSegmentor
from mmdet.models.roi_heads import BaseRoIHead
from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor
from mmdet.models.seg_heads.base_semantic_head import BaseSemanticHead
from mmdet.registry import MODELS as MMDET_MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn import functional as F

from mmpisr.class_lists import check_equal_counts
from mmpisr.models.heatmaps import check_roi_head, class_maps
from mmpisr.registry import MODELS

from .common import Losses, RelationHost, recorded, unpadded_samples, valid_pixels

Pyramid = Sequence[Tensor]
Samples = Sequence[DetDataSample]
Proposals = Sequence[InstanceData]


@MODELS.register_module()
class PISRTwoStagePanopticSegmentor(RelationHost, TwoStagePanopticSegmentor):
    """Any two-stage panoptic model with a relation between two sets of its heads.

    F is the finest level of the pyramid, S the semantic head's probabilities, I the
    masks of the best detections. F' also changes the coarser levels, see
    :func:`join_pyramid`; not given in the paper, chosen here. Both stages use the same
    proposals, and RPN losses are counted once.

    Panoptic-FPN's semantic head has one class for all things, while the paper encodes
    "every semantic class". Here the map of a thing class in S is then the highest
    heatmap of its detections (:func:`class_maps`); chosen here.

    Args:
        roi_head: Config of the box and mask heads of both stages.
        semantic_head: Config of the semantic head of both stages.
        panoptic_fusion_head: Config of the fusion of the final predictions.
        relation: Config of the relation without ``in_channels`` and ``num_classes``.
        test_cfg: The base's, with ``rpn``, ``rcnn`` and ``panoptic``.
        heatmap_maker: Config of the maker of instance heatmaps;
            ``mmpisr.RoIMaskHeatmaps`` if None.
        thing_maps: Whether S has a map for each thing class even if the semantic head
            has one class for all things; False: S has the semantic head's classes.
        supervision: Config of eq. (1).
        init_final_from_base: Whether the final heads start as copies of the base's
            when a checkpoint of the base is loaded.
        **base: Further arguments of mmdet's ``TwoStagePanopticSegmentor``. Without
            ``rpn_head`` data samples must have proposals; without ``train_cfg`` the
            model can only predict.

    Raises:
        ValueError: The RoI head has no masks, or its own way of predicting them; the
            parts differ in channels or classes; or a number in the relation's config
            differs from the heads'.
    """

    final_roi_head: BaseRoIHead
    final_semantic_head: BaseSemanticHead

    def __init__(
        self,
        *,
        roi_head: dict,
        semantic_head: dict,
        panoptic_fusion_head: dict,
        relation: dict,
        test_cfg: dict,
        heatmap_maker: dict | None = None,
        thing_maps: bool = True,
        supervision: dict | None = None,
        init_final_from_base: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(
            roi_head=roi_head,
            semantic_head=semantic_head,
            panoptic_fusion_head=panoptic_fusion_head,
            test_cfg=test_cfg,
            **base,
        )
        check_roi_head(self.roi_head)
        check_equal_counts(self)
        things, stuff = self.num_things_classes, self.num_stuff_classes
        classes = self.semantic_head.num_classes
        self.thing_maps = thing_maps and classes == stuff + 1
        self.set_relation(
            relation,
            in_channels=self._pyramid_channels(semantic_head),
            num_classes=things + stuff if self.thing_maps else classes,
            heatmap_maker=heatmap_maker or dict(type='mmpisr.RoIMaskHeatmaps'),
            supervision=supervision,
        )
        configs = dict(train_cfg=self.roi_head.train_cfg, test_cfg=test_cfg['rcnn'])
        self.set_final_heads(
            roi_head=MMDET_MODELS.build({**roi_head, **configs}),
            semantic_head=MMDET_MODELS.build(semantic_head),
            init_final_from_base=init_final_from_base,
        )

    def _pyramid_channels(self, semantic_head: dict) -> int | None:
        """Channels of the pyramid, which all parts must have; None: not known."""
        found = {}
        for name, module in self.named_modules():
            if name in ('neck', 'rpn_head') or isinstance(module, BaseRoIExtractor):
                field = 'in_channels' if name == 'rpn_head' else 'out_channels'
                found[f'{name}.{field}'] = getattr(module, field, None)
        found['semantic_head.in_channels'] = semantic_head.get('in_channels')
        known = [(k, v) for k, v in found.items() if isinstance(v, int)]
        for field, channels in known:
            if channels != known[0][1]:
                raise ValueError(
                    f'{known[0][0]} is {known[0][1]}, but {field} is {channels}; they '
                    'must be equal'
                )
        return known[0][1] if known else None

    @property
    def semantic_index(self) -> list[int] | None:  # type: ignore[override]
        """Map in S of each class of the data; None: one map per class, in order."""
        if self.relation.num_classes != self.num_stuff_classes + 1:
            return None
        things = [self.num_stuff_classes] * self.num_things_classes
        return things + list(range(self.num_stuff_classes))

    def loss(self, batch_inputs: Tensor, batch_data_samples: Samples) -> Losses:
        """RPN losses, and both stages' losses weighted by eq. (1) (``mode='loss'``)."""
        feats = self.extract_feat(batch_inputs)
        rpn_losses, proposals = self.propose_with_losses(feats, batch_data_samples)
        shared = proposals, batch_data_samples

        heads = self.roi_head, self.semantic_head
        with recorded(self.semantic_head) as semantic:
            intermediate = stage_losses(*heads, feats, *shared)
        related = self.related_feats(feats, semantic.output['seg_preds'], *shared)

        final_heads = self.final_roi_head, self.final_semantic_head
        final = stage_losses(*final_heads, related, *shared)
        return {**rpn_losses, **self.supervision(intermediate, final)}

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: Samples, rescale: bool = True
    ) -> Samples:
        """Add ``pred_panoptic_seg`` in mmdet's encoding to the data samples.

        Args:
            batch_inputs: Normalised images, ``(B, 3, H, W)``.
            batch_data_samples: One for each image.
            rescale: Whether results have ``ori_shape``, or else the input's size.
        """
        feats = self.extract_feat(batch_inputs)
        related, proposals = self.final_inputs(feats, batch_data_samples)

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
        feats = self.extract_feat(batch_inputs)
        related, proposals = self.final_inputs(feats, batch_data_samples)

        rois = self.final_roi_head.forward(related, proposals, batch_data_samples)
        return *rois, self.final_semantic_head(related)['seg_preds']

    def final_probs(self, feats: Pyramid, data_samples: Samples) -> Tensor:
        """S of the final heads, ``(B, N, h, w)``: made as S of the base's heads is."""
        related, proposals = self.final_inputs(feats, data_samples)
        seg_logits = self.final_semantic_head(related)['seg_preds']
        heads = self.final_roi_head, related, seg_logits
        return self.stage_maps(*heads, proposals, data_samples)[0]

    def final_inputs(
        self, feats: Pyramid, data_samples: Samples
    ) -> tuple[Pyramid, Proposals]:
        """Related pyramid and proposals from which the final heads predict."""
        proposals = self.propose(feats, data_samples)
        seg_logits = self.semantic_head(feats)['seg_preds']
        return self.related_feats(feats, seg_logits, proposals, data_samples), proposals

    def propose(self, feats: Pyramid, data_samples: Samples) -> Proposals:
        """Proposals for prediction: those of the data samples, or else the RPN's."""
        if data_samples[0].get('proposals', None) is not None:
            return [sample.proposals for sample in data_samples]
        return self.rpn_head.predict(feats, data_samples, rescale=False)

    def propose_with_losses(
        self, feats: Pyramid, data_samples: Samples
    ) -> tuple[Losses, Proposals]:
        """Losses of the RPN under mmdet's names, and proposals for training.

        Without RPN there are no losses, and the proposals are those of the data
        samples. Boxes are (x1, y1, x2, y2) in pixels of the input, without gradient.
        """
        if not self.with_rpn:
            return {}, self.propose(feats, data_samples)
        losses, proposals = self.rpn_head.loss_and_predict(
            feats,
            [class_agnostic(sample) for sample in data_samples],
            proposal_cfg=self.train_cfg.get('rpn_proposal', self.test_cfg.rpn),
        )
        names = {n: f'rpn_{n}' for n in losses if 'loss' in n and 'rpn' not in n}
        return {names.get(n, n): value for n, value in losses.items()}, proposals

    def related_feats(
        self,
        feats: Pyramid,
        seg_logits: Tensor,
        proposals: Proposals,
        data_samples: Samples,
    ) -> Pyramid:
        """Pyramid with F' for the final heads, in the frames and shapes of the given.

        Args:
            feats: Levels ``(B, C, h, w)``, the finest first.
            seg_logits: Logits of the intermediate semantic head, ``(B, N, ., .)``.
            proposals: Of each image; not changed.
            data_samples: Their shapes mark padding.
        """
        maps = self.stage_maps(
            self.roi_head, feats, seg_logits, proposals, data_samples
        )
        pixel_mask = valid_pixels(data_samples, feats[0])
        related = self.relation(feats[0], *maps, pixel_mask).feats  # (B, C, h, w)
        return join_pyramid(feats, related, pixel_mask)

    def stage_maps(
        self,
        roi_head: BaseRoIHead,
        feats: Pyramid,
        seg_logits: Tensor,
        proposals: Proposals,
        data_samples: Samples,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """S and I of a stage, in the frame of the finest level.

        Args:
            roi_head: Of the stage.
            feats: Levels ``(B, C, h, w)`` that its heads read, the finest first.
            seg_logits: Of its semantic head, ``(B, N, ., .)``.
            proposals: Of each image; not changed.
            data_samples: Of the batch.

        Returns:
            S ``(B, N, h, w)``, I ``(B, K, h, w)``, and False for each empty slot,
            ``(B, K)`` bool.
        """
        size = feats[0].shape[2:]
        sem_probs = seg_logits.float().softmax(dim=1)
        if sem_probs.shape[2:] != size:
            sem_probs = F.interpolate(sem_probs, size, mode='bilinear')
        heatmaps, inst_valid, labels = self.heatmap_maker(
            roi_head,
            feats,
            proposals,
            [sample.metainfo for sample in data_samples],
            num_instances=self.relation.num_instances,
        )
        if self.thing_maps:
            things = class_maps(heatmaps, labels, num_classes=self.num_things_classes)
            stuff = sem_probs[:, : self.num_stuff_classes]
            sem_probs = torch.cat([things, stuff], dim=1)  # (B, N, h, w)
        return sem_probs, heatmaps, inst_valid


def class_agnostic(sample: DetDataSample) -> DetDataSample:
    """Copy of a data sample with class 0 for every object; shares other tensors."""
    truth = sample.gt_instances.new()
    truth.labels = torch.zeros_like(truth.labels)
    agnostic = sample.new()
    agnostic.gt_instances = truth
    return agnostic


def stage_losses(
    roi_head: BaseRoIHead,
    semantic_head: BaseSemanticHead,
    feats: Pyramid,
    proposals: Proposals,
    data_samples: Samples,
) -> Losses:
    """Losses of the heads of one stage; the proposals are not changed."""
    copies = [image.new() for image in proposals]  # the RoI head renames their boxes
    roi_losses = roi_head.loss(feats, copies, data_samples)
    return {**roi_losses, **semantic_head.loss(feats, data_samples)}


def join_pyramid(
    feats: Pyramid, related: Tensor, pixel_mask: Tensor | None = None
) -> Pyramid:
    """Replace the finest level by F', and add their difference to the coarser levels.

    A pixel of a coarser level gets the mean difference of the valid pixels below it.

    Args:
        feats: Levels ``(B, C, h, w)`` of a pyramid; the first and finest is F, each
            further one has half the size of the one before, rounded up.
        related: F', in the frame and shape of F.
        pixel_mask: False marks padding of F, ``(B, h, w)`` bool; None: no padding.

    Returns:
        Levels of the same shapes; equal to the given ones where F' equals F.

    Raises:
        ValueError: The sizes of two levels do not halve; names both shapes.
    """
    # adaptive pooling has no deterministic backward on GPUs
    pool = partial(F.avg_pool2d, kernel_size=2, ceil_mode=True, count_include_pad=False)
    change, share = related - feats[0], None
    if pixel_mask is not None:
        share = pixel_mask.unsqueeze(1).to(change.dtype)  # (B, 1, h, w)
        change = torch.where(pixel_mask.unsqueeze(1), change, 0)

    levels = [related]
    for level in feats[1:]:
        change = pool(change)
        if share is not None:  # divide by the share of valid pixels, at least one of 4
            share = pool(share)
            change = change / share.clamp(min=0.25)
            share = (share > 0).to(change.dtype)
        if change.shape != level.shape:
            raise ValueError(
                f'a level of the pyramid is {tuple(level.shape)}, expected '
                f'{tuple(change.shape)}: half of the level before, rounded up'
            )
        levels.append(level + change)
    return tuple(levels)
