"""Instance heatmaps from detected boxes and their masks (Panoptic-FPN, UPerNet)."""

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads import BaseRoIHead, CascadeRoIHead, StandardRoIHead
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.structures.bbox import bbox2roi
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmpisr.registry import MODELS


def paste_masks(boxes: Tensor, masks: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Paste each mask into its box on a map, bilinearly and with gradient to the masks.

    Args:
        boxes: (x1, y1, x2, y2) in pixels of the map, ``(n, 4)``; may lie outside.
        masks: Values inside the boxes, ``(n, h, w)``.
        size: (height, width) of the map.

    Returns:
        Maps that are zero outside the boxes, float32, ``(n, H, W)``; without boxes
        empty, but attached to the graph of the masks.
    """
    if len(boxes) == 0:
        return masks.float().sum() * masks.new_zeros(0, *size, dtype=torch.float32)
    boxes = boxes.float()
    corner = torch.maximum(boxes[:, 2:], boxes[:, :2] + 1e-3)  # a line gives 0 / 0
    boxes = torch.cat([boxes[:, :2], corner], dim=1)
    return _do_paste_mask(masks[:, None], boxes, *size, skip_empty=False)[0]


def best_boxes(boxes: InstanceData, number: int) -> InstanceData:
    """The boxes with the highest scores, best first; without scores the first ones."""
    if 'scores' not in boxes:
        return boxes[:number]
    order = boxes.scores.argsort(descending=True, stable=True)[:number]
    return boxes[order]


def check_roi_head(roi_head: BaseRoIHead) -> None:
    """Check that :func:`roi_mask_probs` supports an RoI head.

    Raises:
        ValueError: The head predicts no masks, or computes them in a method of its own
            (hybrid task cascade, SCNet).
    """
    if not roi_head.with_mask:
        raise ValueError(
            'roi_head.mask_head is None, but instance heatmaps are made from masks; '
            'take a base model with a mask head'
        )
    known = StandardRoIHead._mask_forward, CascadeRoIHead._mask_forward
    if type(roi_head)._mask_forward not in known:
        raise ValueError(
            f'roi_head is {type(roi_head).__name__}, which has a _mask_forward of its '
            'own; instance heatmaps need that of StandardRoIHead or CascadeRoIHead'
        )


def roi_mask_probs(
    roi_head: BaseRoIHead, feats: Sequence[Tensor], rois: Tensor, labels: Tensor
) -> Tensor:
    """Predict the masks of given boxes with an RoI head.

    Args:
        roi_head: mmdet's ``StandardRoIHead`` or ``CascadeRoIHead`` with a mask head;
            the stages of a cascade are averaged, as in mmdet.
        feats: The pyramid, finest level first.
        rois: (image, x1, y1, x2, y2) in pixels of the input, ``(n, 5)``.
        labels: Class of each box, ``(n,)``.

    Returns:
        Mask probabilities inside the boxes, ``(n, h, w)``.
    """
    if isinstance(roi_head.mask_head, nn.ModuleList):
        stages = range(len(roi_head.mask_head))
        calls = [roi_head._mask_forward(stage, feats, rois) for stage in stages]
    else:
        calls = [roi_head._mask_forward(feats, rois)]
    probs = torch.stack([call['mask_preds'].sigmoid() for call in calls])
    probs = probs.mean(dim=0)  # (n, classes, h, w)
    if probs.shape[1] == 1:  # class-agnostic masks
        return probs[:, 0]
    return probs[torch.arange(len(labels), device=labels.device), labels]  # (n, h, w)


def class_maps(heatmaps: Tensor, labels: Tensor, *, num_classes: int) -> Tensor:
    """Map of each thing class: at each pixel the highest heatmap of its instances.

    It replaces the probabilities of a semantic head that has one class for all things.

    Args:
        heatmaps: Heatmaps of the slots in [0, 1], zero in an empty slot,
            ``(B, K, H, W)``.
        labels: Thing class of each slot, arbitrary in an empty slot, ``(B, K)`` int64.
        num_classes: Thing classes N_th.

    Returns:
        Maps in [0, 1], zero for a class without instances, ``(B, N_th, H, W)``.
    """
    batch, _, height, width = heatmaps.shape
    index = labels[:, :, None, None].expand_as(heatmaps)
    empty = heatmaps.new_zeros(batch, num_classes, height, width)
    return empty.scatter_reduce(1, index, heatmaps, 'amax')


@MODELS.register_module()
class RoIMaskHeatmaps(BaseModule):
    """Masks of the K best detections times their scores, at the stride of the features.

    Gradients pass through the masks; the choice of boxes and the scores are constants.

    Args:
        max_proposals: Number of best proposals of each image from which the K
            detections are made. Not given in the paper; chosen here, see
            ``docs/design_decisions.md``.
        score_thr: Lowest score of a detection. It is lower than that of a panoptic
            result (0.6 in mmdet), so that slots are filled from the first iterations
            on. Not given in the paper; chosen here.

    Raises:
        ValueError: ``max_proposals`` is below one.
    """

    def __init__(self, *, max_proposals: int = 300, score_thr: float = 0.05) -> None:
        super().__init__()
        if max_proposals < 1:
            raise ValueError(f'max_proposals must be at least 1, got {max_proposals}')
        self.max_proposals = max_proposals
        self.score_thr = score_thr

    def forward(
        self,
        roi_head: BaseRoIHead,
        feats: Sequence[Tensor],
        proposals: Sequence[InstanceData],
        metas: Sequence[dict],
        *,
        num_instances: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Detect, and make heatmaps in the frame of the finest level.

        Args:
            roi_head: See :func:`roi_mask_probs`.
            feats: The pyramid, finest level first, ``(B, C, h, w)`` each.
            proposals: ``bboxes`` (x1, y1, x2, y2) in pixels of the input; not changed.
            metas: ``img_shape`` and ``batch_input_shape``, (height, width) in pixels.
            num_instances: Slots K.

        Returns:
            Heatmaps in [0, 1], best slot first, float32, ``(B, K, H, W)``, zero in an
            empty slot; False for each empty slot, ``(B, K)`` bool; and thing classes,
            0 in an empty slot, ``(B, K)`` int64.
        """
        detected = self.detect(
            roi_head, feats, proposals, metas, num_instances=num_instances
        )
        rois = bbox2roi([image.bboxes for image in detected])  # (n, 5)
        labels = torch.cat([image.labels for image in detected])
        scores = torch.cat([image.scores for image in detected])
        masks = roi_mask_probs(roi_head, feats, rois, labels)  # (n, h, w)

        height, width = feats[0].shape[2:]
        input_height, input_width = metas[0]['batch_input_shape']
        scale = rois.new_tensor([width / input_width, height / input_height] * 2)
        pasted = paste_masks(rois[:, 1:] * scale, masks, size=(height, width))

        slots = torch.arange(num_instances, device=rois.device)
        counts = torch.tensor([len(image) for image in detected], device=rois.device)
        valid = slots < counts[:, None]  # (B, K)
        heatmaps = pasted.new_zeros(*valid.shape, height, width)  # (B, K, H, W)
        heatmaps[valid] = pasted * scores.float()[:, None, None]
        classes = labels.new_zeros(valid.shape)  # (B, K)
        classes[valid] = labels
        return heatmaps, valid, classes

    @torch.no_grad()
    def detect(
        self,
        roi_head: BaseRoIHead,
        feats: Sequence[Tensor],
        proposals: Sequence[InstanceData],
        metas: Sequence[dict],
        *,
        num_instances: int,
    ) -> list[InstanceData]:
        """Detect the K best boxes of each image as the base model does, best first.

        K replaces ``max_per_img`` of the base's ``test_cfg``, which limits results.
        """
        config = roi_head.test_cfg.copy()
        config.update(score_thr=self.score_thr, max_per_img=num_instances)
        best = [best_boxes(image, self.max_proposals) for image in proposals]
        found = roi_head.predict_bbox(feats, metas, best, rcnn_test_cfg=config)
        return [best_boxes(image, num_instances) for image in found]
