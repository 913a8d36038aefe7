"""One image that a model has predicted, and what its relation read and changed."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpisr.evaluation.reweighting import INPUT_NAMES, row_names
from mmpisr.models.relations import PISR, BaseRelation

from .changed_encodings import Encodings, changed_encodings
from .panoptic_visualizer import picture_of

LEAST = 1e-30  # of a probability


class RelationMaps(NamedTuple):
    """Maps of one image in the frame of the padded feature map, float32."""

    before: Tensor
    """Class probabilities of the intermediate stage, S, ``(N, h, w)``."""
    after: Tensor
    """Class probabilities of the final stage, ``(N, h, w)``."""
    slots: Tensor
    """Instance heatmaps I of the filled slots, best first, ``(K', h, w)``."""
    scores: Tensor | None
    """Reweighting scores of these slots in [0, 1], ``(K',)``; None: there are none."""


class ExaminedImage:
    """An image with the prediction of a model.

    Args:
        model: A detector in evaluation mode, not wrapped.
        batch: ``inputs`` and ``data_samples`` of one image, as a data loader gives
            them. The prediction is added to the data sample.
        meta: ``classes`` and, if there is one, ``palette``.
        image: RGB uint8, ``(H, W, 3)``, if it was read; see ``picture_of``.

    Attributes:
        image: RGB uint8, ``(H, W, 3)``.
        panoptic: The prediction in mmdet's encoding, ``(H, W)``.
    """

    @torch.no_grad()
    def __init__(
        self, model: Any, batch: Mapping, meta: Mapping, image: np.ndarray | None = None
    ) -> None:
        self.model = model
        self.meta = meta
        data = model.data_preprocessor(batch, False)
        self.samples = data['data_samples']
        self._feats = model.extract_feat(data['inputs'])
        (self._sample,) = model.predict(data['inputs'], self.samples)
        self.image = picture_of(self._sample, image)
        self.panoptic = self._sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()

    @cached_property
    def host(self) -> Any:
        """The module that has the relation: the detector or its panoptic head.

        Raises:
            ValueError: There is no relation, or several.
        """
        modules = [*self.model.modules()]
        relations = [getattr(module, 'relation', None) for module in modules]
        found = [isinstance(relation, BaseRelation) for relation in relations]
        if sum(found) != 1:
            raise ValueError(
                f'{type(self.model).__name__} has {sum(found)} relations, but one is '
                'needed: give a config that mmpisr add-relation wrote'
            )
        return modules[found.index(True)]

    @cached_property
    def names(self) -> Sequence[str]:
        """Names of the maps in S; a map may be that of several classes."""
        index = getattr(self.host, 'semantic_index', None)
        return row_names(self.meta['classes'], index)

    @cached_property
    @torch.no_grad()
    def maps(self) -> RelationMaps:
        """What the relation reads, and what the final stage gives.

        Raises:
            ValueError: There is not one relation, or the host gives no final class
                probabilities of pixels.
        """
        kept: dict[str, Any] = {}

        def keep(_: nn.Module, args: tuple, kwargs: Mapping, output: Any) -> None:
            kept.update(zip(INPUT_NAMES, args, strict=False), **kwargs, out=output)

        with self.host.relation.register_forward_hook(keep, with_kwargs=True):
            after = self.host.final_probs(self._feats, self.samples)[0].float()
        before, slots = (kept[k][0].float() for k in ('sem_probs', 'inst_heatmaps'))
        valid, scores = kept.get('inst_valid'), kept['out'].scores
        filled = slice(None) if valid is None else valid[0].bool()
        if scores is not None:
            scores = scores[0, len(before) :][filled].float()
        return RelationMaps(before, after, slots[filled], scores)

    @torch.no_grad()
    def class_and_center(self, label: int) -> np.ndarray:
        """Final probability of a class and centre map, ``(2, H, W)``.

        Raises:
            ValueError: The model predicts no centres.
        """
        if not hasattr(self.model, 'forward_maps'):
            raise ValueError(
                f'{type(self.model).__name__} predicts no centre map, so Fig. 5 cannot '
                'be drawn: it needs a Panoptic-DeepLab'
            )
        maps = self.model.forward_maps(self._feats, self.samples).float()
        probs = maps.sem_logits[0].softmax(dim=0)
        return self.in_image(torch.stack([probs[label], maps.center[0, 0]]))

    @torch.no_grad()
    def dependence(self, point: tuple[int, int]) -> tuple[int, Tensor]:
        """Set one encoding after the other to zero and measure one pixel.

        Measured is the logit of the pixel's final class, relative to the mean over
        classes: ``log p_c - mean_n log p_n`` of the final class probabilities p. (Where
        p is a softmax these are the logits, less their mean.) A change is its value
        with all encodings, minus its value where the attention reads zeros for one
        category, as if the category's reweighting score were zero. All else stays:
        features, intermediate predictions, the other categories' scores.

        The heads run once for each category, the backbone does not run again. The
        attention's map ``(L, HW)`` is not made.

        Args:
            point: (x, y) in pixels of the image, from 0. The pixel of the feature map
                below it is measured.

        Returns:
            The most probable class c, its map among the N; and the changes, ``(N +
            K',)``, the N classes first, then the filled slots, best first. Positive:
            the category supports the class.

        Raises:
            ValueError: The relation has no encodings; the host gives no final class
                probabilities of pixels; or the point is outside of the image.
        """
        pisr = self.host.relation
        if not isinstance(pisr, PISR):
            raise ValueError(
                f'{type(pisr).__name__} has no encodings to set to zero: what a pixel '
                'depends on can be measured on a model with mmpisr.PISR'
            )
        row, column = self.feature_pixel(point, self.maps.after.shape[1:])
        valid: list[Tensor] = []

        def logits(change: Callable[[Encodings], Encodings]) -> Tensor:
            with changed_encodings(pisr, change):
                probs = self.host.final_probs(self._feats, self.samples)
            logs = probs[0, :, row, column].float().clamp(min=LEAST).log()
            return logs - logs.mean()

        def keep(own: Encodings) -> Encodings:
            valid.append(own.valid[0])
            return own

        def without(category: int) -> Callable[[Encodings], Encodings]:
            def change(own: Encodings) -> Encodings:
                return own._replace(values=own.values.index_fill(1, index, 0))

            index = torch.tensor([category], device=valid[0].device)
            return change

        whole = logits(keep)
        label = int(whole.argmax())
        filled = valid[0].nonzero().flatten().tolist()
        left = [logits(without(category))[label] for category in filled]
        return label, (whole[label] - torch.stack(left)).cpu()

    def in_image(self, maps: Tensor) -> np.ndarray:
        """Resample maps of the padded feature map ``(M, h, w)`` to ``(M, H, W)``."""
        height, width = self._sample.img_shape[:2]
        padded = tuple(self._sample.batch_input_shape)
        single = maps[:, None]  # (M, 1, h, w): M may be 0, channels may not
        large = F.interpolate(single, padded, mode='bilinear')[..., :height, :width]
        size = self.image.shape[:2]
        return F.interpolate(large, size, mode='bilinear')[:, 0].cpu().numpy()

    def feature_pixel(
        self, point: tuple[int, int], size: Sequence[int]
    ) -> tuple[int, int]:
        """Pixel (row, column) of a padded feature map of ``size`` (h, w) below a point.

        Raises:
            ValueError: The point (x, y) is not in the image; names both.
        """
        height, width = self.image.shape[:2]
        x, y = point
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(
                f'the point {x},{y} (x,y) is not in the image, which is {width} wide '
                f'and {height} high: x is 0 to {width - 1}, y 0 to {height - 1}'
            )
        inside = np.array(self._sample.img_shape[:2]) / (height, width)
        scale = inside * size / self._sample.batch_input_shape
        row, column = ((np.array([y, x]) + 0.5) * scale).astype(int).tolist()
        return row, column
