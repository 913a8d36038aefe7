"""Test-time augmentation: average the views of an image, then segment it once.

A view is a resized or flipped copy of the image. Predictions are mapped back to the
original image and averaged as probabilities, as in mmseg's ``SegTTAModel``.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.model import BaseTTAModel
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps
from mmpisr.models.panoptic_deeplab.head import resize_map
from mmpisr.registry import MODELS

FLIPPED_AXES = {'horizontal': (-1,), 'vertical': (-2,), 'diagonal': (-2, -1)}
MATCHING_SIZE = (128, 128)
"""Masks are compared at this (height, width)."""


class View(NamedTuple):
    """One view of one image."""

    inputs: Tensor
    """Normalised and padded, ``(1, 3, H, W)``."""
    sample: DetDataSample
    """With ``img_shape``, the size without padding."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) without padding."""
        return self.sample.img_shape[:2]

    @property
    def original_size(self) -> tuple[int, int]:
        """(height, width) of the original image."""
        return self.sample.ori_shape[:2]

    @property
    def flipped_axes(self) -> tuple[int, ...]:
        """Axes along which the view is mirrored: -2 rows, -1 columns.

        Raises:
            ValueError: The sample has no meta key ``flip``.
        """
        if 'flip' not in self.sample:
            raise ValueError(
                "a view has no meta key 'flip', but only "
                f'{sorted(self.sample.metainfo_keys())}: tta_pipeline must have '
                "RandomFlip and keep 'flip' and 'flip_direction'"
            )
        return FLIPPED_AXES[self.sample.flip_direction] if self.sample.flip else ()


class Queries(NamedTuple):
    """Predictions of a query model for one image, at its original size."""

    class_probs: Tensor
    """Probabilities of the classes and, last, of no object, ``(Q, N + 1)``."""
    mask_probs: Tensor
    """Masks in [0, 1], ``(Q, H, W)``."""

    def small(self) -> 'Queries':
        """A copy with masks of ``MATCHING_SIZE``."""
        masks = F.adaptive_avg_pool2d(self.mask_probs, MATCHING_SIZE)
        return Queries(self.class_probs.clone(), masks)


def soft_iou(masks: Tensor, others: Tensor, *, eps: float = 1e-6) -> Tensor:
    """Intersection over union of soft masks, ``a b / (a a + b b - a b)``.

    Args:
        masks: Masks in [0, 1], ``(Q, H, W)``.
        others: Masks in the same frame, ``(R, H, W)``.
        eps: Added to the union, so that two empty masks give zero.

    Returns:
        Values in [0, 1], 1 for equal masks, ``(Q, R)``.
    """
    a, b = masks.flatten(1), others.flatten(1)
    intersection = a @ b.t()  # (Q, R)
    squares = a.square().sum(dim=1, keepdim=True) + b.square().sum(dim=1)  # (Q, R)
    return intersection / (squares - intersection + eps)


def match_queries(queries: Queries, reference: Queries) -> Tensor:
    """Match queries one-to-one with those of a reference at minimum total cost.

    The cost of a pair is the total variation distance of the class probabilities minus
    the ``soft_iou`` of the masks.

    Args:
        queries: Q queries.
        reference: Q queries, their masks in the same frame.

    Returns:
        Index in the reference of each query, a permutation, int64, ``(Q,)``.
    """
    distance = torch.cdist(queries.class_probs, reference.class_probs, p=1) / 2
    cost = distance - soft_iou(queries.mask_probs, reference.mask_probs)  # (Q, Q)
    _, rows = linear_sum_assignment(cost.cpu().numpy())
    return torch.as_tensor(rows, device=cost.device)


class PanopticTTA(BaseTTAModel):
    """Average a model's predictions over the views of each image and segment once.

    Images are predicted one by one: the result of an image does not depend on its
    batch, and only one sum over views is in memory at full size. Results are added to
    the data sample of the first view. Its ground truth, if any, must not be flipped:
    load annotations after ``RandomFlip``.

    Subclasses implement ``predict_views``.

    Args:
        module: The detector or its config.
        data_preprocessor: Replaces that of ``module``.
    """

    @torch.no_grad()
    def test_step(self, data: dict[str, list]) -> list[DetDataSample]:
        """Predict a batch.

        Args:
            data: ``inputs`` and ``data_samples``, each a list of views, each a list of
                images, as ``TestTimeAug`` and ``pseudo_collate`` return them.

        Returns:
            One sample for each image, with the fields that the module adds.
        """
        images = range(len(data['inputs'][0]))
        return [self.predict_views(self.views(data, image)) for image in images]

    def views(self, data: dict[str, list], image: int) -> Iterator[View]:
        """Preprocess the views of one image one by one."""
        for number in range(len(data['inputs'])):
            batch = {name: [views[number][image]] for name, views in data.items()}
            batch = self.module.data_preprocessor(batch, False)
            yield View(batch['inputs'], batch['data_samples'][0])

    def predict_views(self, views: Iterator[View]) -> DetDataSample:
        """Merge the views of one image, at least one, and segment it."""
        raise NotImplementedError

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[DetDataSample]]
    ) -> list[DetDataSample]:
        """Not supported: finished segmentations cannot be averaged."""
        raise NotImplementedError('views are merged before they are segmented')


@MODELS.register_module()
class PanopticDeepLabTTA(PanopticTTA):
    """Panoptic-DeepLab: average class probabilities, centres and offsets, group once.

    With a relation these are the maps of the final stage.
    """

    def predict_views(self, views: Iterator[View]) -> DetDataSample:
        """Average the maps of the views and group them."""
        first = next(views)
        total, count = self.view_maps(first), 1
        for view in views:
            count += 1
            for values, more in zip(total, self.view_maps(view), strict=True):
                values += more

        probs, center, offset = (values.div_(count) for values in total)
        maps = PanopticDeepLabMaps(probs.log_(), center, offset)
        results = self.module.panoptic_head.predict_image(maps)
        return self.module.add_pred_to_datasample([first.sample], [results])[0]

    def view_maps(self, view: View) -> PanopticDeepLabMaps:
        """Predict a view in the frame of the original image.

        Returns:
            A batch of one; ``sem_logits`` holds class probabilities.
        """
        maps = self.module(view.inputs, [view.sample], mode='tensor')
        maps = maps.float().upsample(self.module.panoptic_head.stride)
        maps = maps.crop(view.size).flip(view.flipped_axes).resize(view.original_size)
        return maps._replace(sem_logits=maps.sem_logits.softmax(dim=1))


@MODELS.register_module()
class QueryTTA(PanopticTTA):
    """MaskFormer or Mask2Former: average class and mask probabilities of the queries.

    Queries of further views are matched with those of the first view, see
    :func:`match_queries`, which should be the unchanged image. The fusion head gets the
    averages.
    """

    def predict_views(self, views: Iterator[View]) -> DetDataSample:
        """Average the queries of the views and fuse them."""
        first = next(views)
        total, count = self.view_queries(first), 1
        reference = total.small()
        for view in views:
            count += 1
            queries = self.view_queries(view)
            rows = match_queries(queries.small(), reference)
            for values, more in zip(total, queries, strict=True):
                values.index_add_(0, rows, more)

        mean = Queries(*(values.div_(count) for values in total))
        return self.predict_queries(mean, first.sample)

    def view_queries(self, view: View) -> Queries:
        """Predict a view in the frame of the original image."""
        feats = self.module.extract_feat(view.inputs)
        logits, masks = self.module.panoptic_head.predict(feats, [view.sample])

        height, width = view.size
        masks = masks[..., :height, :width].float().flip(view.flipped_axes)
        masks = resize_map(masks, view.original_size)  # (1, Q, H, W)
        return Queries(logits[0].float().softmax(dim=-1), masks[0].sigmoid())

    def predict_queries(self, queries: Queries, sample: DetDataSample) -> DetDataSample:
        """Fuse queries, which become logits in place, and add results to the sample."""
        size = tuple(queries.mask_probs.shape[1:])
        frame = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        results = self.module.panoptic_fusion_head.predict(
            queries.class_probs.log_().unsqueeze(0),
            queries.mask_probs.logit_().unsqueeze(0),
            [frame],
            rescale=False,
        )
        return self.module.add_pred_to_datasample([sample], results)[0]
