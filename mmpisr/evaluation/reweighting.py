"""Do the reweighting scores of PISR (Sec. 3.3) know what is in the picture?

A class is there or not; an instance slot is a true object or a false alarm. The scores
should be high for the first of each pair and low for the second.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from .slot_matching import present_classes, slot_objects
from .split_scores import SplitScores

INPUT_NAMES = ('feats', 'sem_probs', 'inst_heatmaps', 'inst_valid', 'pixel_mask')


class RelationCall(NamedTuple):
    """What a relation read and answered for one batch."""

    scores: Tensor | None
    """Scores in [0, 1], the N classes first, then the K slots, ``(B, L)``."""
    num_classes: int
    """N."""
    heatmaps: Tensor
    """Instance slots, best first, ``(B, K, h, w)``."""
    valid: Tensor | None = None
    """False = empty slot, ``(B, K)`` bool; ``None`` = no slot is empty."""
    pixel_mask: Tensor | None = None
    """False = padding, at the bottom and right, ``(B, h, w)`` bool."""
    semantic_index: Sequence[int] | None = None
    """For each class of the data its place among the N; ``None`` = the same."""

    @classmethod
    def of(
        cls,
        args: tuple,
        kwargs: Mapping[str, Any],
        output: Any,
        semantic_index: Sequence[int] | None = None,
    ) -> 'RelationCall':
        """Read one call of a ``BaseRelation``, as torch's forward hooks have it."""
        given = dict(zip(INPUT_NAMES, args, strict=False)) | dict(kwargs)
        return cls(
            scores=output.scores,
            num_classes=given['sem_probs'].shape[1],
            heatmaps=given['inst_heatmaps'],
            valid=given.get('inst_valid'),
            pixel_mask=given.get('pixel_mask'),
            semantic_index=semantic_index,
        )

    def scores_of(self, index: int, sample: DetDataSample) -> 'ImageScores':
        """The scores of one image beside its truth.

        Args:
            index: Of the image in the batch.
            sample: Its ``gt_panoptic_seg``.
        """
        assert self.scores is not None
        heatmaps = self.heatmaps_of(index, sample).detach()
        filled = heatmaps.new_ones(len(heatmaps), dtype=torch.bool)
        if self.valid is not None:
            filled = self.valid[index].bool()
        truth = sample.gt_panoptic_seg.sem_seg[0].to(heatmaps.device)  # (H, W)
        objects = slot_objects(heatmaps * filled[:, None, None], truth)
        scores = self.scores[index].detach().double().cpu().numpy()  # (L,)
        return ImageScores(
            classes=scores[: self.num_classes],
            present=self.present(truth),
            slots=scores[self.num_classes :],
            matched=(objects >= 0).cpu().numpy(),
            filled=filled.cpu().numpy(),
        )

    def present(self, truth: Tensor) -> np.ndarray:
        """Which of the N a panoptic map shows, ``(N,)`` bool."""
        if self.semantic_index is None:
            return present_classes(truth, self.num_classes).cpu().numpy()
        shown = present_classes(truth, len(self.semantic_index)).cpu().numpy()
        rows = np.zeros(self.num_classes, dtype=bool)
        rows[np.asarray(self.semantic_index)[shown]] = True
        return rows

    def heatmaps_of(self, index: int, sample: DetDataSample) -> Tensor:
        """Heatmaps of one image without padding, ``(K, h', w')``.

        Without a mask the padding follows from the sample's shapes, if it has them.
        """
        maps = self.heatmaps[index]
        if self.pixel_mask is not None:
            mask = self.pixel_mask[index]
            rows, cols = int(mask.any(dim=1).sum()), int(mask.any(dim=0).sum())
            return maps[:, :rows, :cols]
        whole = sample.metainfo.get('batch_input_shape')
        part = sample.metainfo.get('img_shape')
        if whole is None or part is None:
            return maps
        rows, cols = (
            -(-size * used // full)  # rounded up
            for size, used, full in zip(maps.shape[1:], part, whole, strict=False)
        )
        return maps[:, :rows, :cols]


class ImageScores(NamedTuple):
    """Reweighting scores of one image beside its truth, all numpy.

    Attributes:
        classes: Scores of the classes, ``(N,)``.
        present: Which classes the image shows, bool, ``(N,)``.
        slots: Scores of the slots, best slot first, ``(K,)``.
        matched: Which slots lie on an object, see ``slot_objects``, bool, ``(K,)``.
        filled: Which slots are not empty, bool, ``(K,)``.
    """

    classes: np.ndarray
    present: np.ndarray
    slots: np.ndarray
    matched: np.ndarray
    filled: np.ndarray


def row_names(
    class_names: Sequence[str], semantic_index: Sequence[int] | None
) -> Sequence[str]:
    """Names of the N where some are several classes of the data at once.

    Args:
        class_names: Of the data.
        semantic_index: See :class:`RelationCall`.

    Returns:
        The name of the one class, or ``'<first> and <n> more'``.
    """
    if semantic_index is None:
        return class_names
    names = []
    for row in range(max(semantic_index) + 1):
        of_row = [
            n for n, r in zip(class_names, semantic_index, strict=True) if r == row
        ]
        more = f' and {len(of_row) - 1} more' if len(of_row) > 1 else ''
        names.append(f'{of_row[0]}{more}' if of_row else f'row {row}')
    return names


class ReweightingScores:
    """Reweighting scores of many images.

    Args:
        num_classes: N.
        num_instances: K.

    Attributes:
        classes: Present against absent classes.
        slots: Matched slots against false positives, best rank first.
    """

    def __init__(self, num_classes: int, num_instances: int) -> None:
        self.classes = SplitScores(num_classes)
        self.slots = SplitScores(num_instances)

    def add(self, call: RelationCall, samples: Sequence[DetDataSample]) -> None:
        """Add a batch whose samples carry ``gt_panoptic_seg``, in its order."""
        for index, sample in enumerate(samples):
            found = call.scores_of(index, sample)
            everything = np.ones(call.num_classes, dtype=bool)
            self.classes.add(found.classes, found.present, everything)
            self.slots.add(found.slots, found.matched, found.filled)

    def merge(self, other: 'ReweightingScores') -> None:
        """Add what another rank has collected."""
        self.classes.merge(other.classes)
        self.slots.merge(other.slots)

    def scalars(self, class_names: Sequence[str]) -> dict[str, float]:
        """Name every mean that exists, and the two AUROC; NaN are left out."""
        ranks = [f'rank_{i:02d}' for i in range(1, self.slots.sums.shape[1] + 1)]
        values = {
            'auroc/classes': self.classes.auroc(),
            'auroc/instances': self.slots.auroc(),
        }
        for scores, names, groups in (
            (self.classes, class_names, ('absent', 'present')),
            (self.slots, ranks, ('false_positive', 'matched')),
        ):
            for group, overall, means in zip(
                groups, scores.overall(), scores.means(), strict=True
            ):
                values[f'mean/{group}'] = overall
                for name, mean in zip(names, means, strict=True):
                    values[f'{group}/{name}'] = mean
        return {
            name.replace(' ', '_'): float(value)
            for name, value in values.items()
            if not np.isnan(value)
        }
