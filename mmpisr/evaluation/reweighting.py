"""Reweighting scores of PISR (Sec. 3.3) compared with the truth.

Scores should be high for classes that the image shows and for instance slots that match
an object, and low for absent classes and false positives.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from .slot_matching import present_classes, slot_objects

NUM_BINS = 200
INPUT_NAMES = ('feats', 'sem_probs', 'inst_heatmaps', 'inst_valid', 'pixel_mask')


class RelationCall(NamedTuple):
    """Inputs and output of a relation for one batch."""

    scores: Tensor | None
    """Scores in [0, 1], the N classes first, then the K slots, ``(B, L)``."""
    num_classes: int
    """N."""
    heatmaps: Tensor
    """Instance slots, best first, ``(B, K, h, w)``."""
    valid: Tensor | None = None
    """False = empty slot, ``(B, K)`` bool; ``None`` = no slot is empty."""
    pixel_mask: Tensor | None = None
    """False = padding, at the bottom and right, ``(B, h, w)`` bool; ``None`` = none."""
    semantic_index: Sequence[int] | None = None
    """Index among the N of each class of the data; ``None`` = the same index."""

    @classmethod
    def of(
        cls,
        args: tuple,
        kwargs: Mapping[str, Any],
        output: Any,
        semantic_index: Sequence[int] | None = None,
    ) -> 'RelationCall':
        """Read the arguments and output of a ``BaseRelation`` in a forward hook."""
        given = dict(zip(INPUT_NAMES, args, strict=False)) | dict(kwargs)
        return cls(
            scores=output.scores,
            num_classes=given['sem_probs'].shape[1],
            heatmaps=given['inst_heatmaps'],
            valid=given.get('inst_valid'),
            pixel_mask=given.get('pixel_mask'),
            semantic_index=semantic_index,
        )

    def matched(self, index: int, sample: DetDataSample) -> tuple[Tensor, Tensor]:
        """Match the slots of one image with its objects, see ``slot_objects``.

        Args:
            index: Of the image in the batch.
            sample: Its ``gt_panoptic_seg``.

        Returns:
            Which slots match an object, and which are not empty, bool, ``(K,)`` each.
        """
        heatmaps, filled = self.heatmaps_of(index), self.filled(index)
        truth = sample.gt_panoptic_seg.sem_seg[0].to(heatmaps.device)  # (H, W)
        return slot_objects(heatmaps * filled[:, None, None], truth) >= 0, filled

    def present(self, truth: Tensor) -> np.ndarray:
        """Whether each of the N occurs in a panoptic map, ``(N,)`` bool."""
        if self.semantic_index is None:
            return present_classes(truth, self.num_classes).cpu().numpy()
        shown = present_classes(truth, len(self.semantic_index)).cpu().numpy()
        rows = np.zeros(self.num_classes, dtype=bool)
        rows[np.asarray(self.semantic_index)[shown]] = True
        return rows

    def filled(self, index: int) -> Tensor:
        """Which slots of one image are not empty, ``(K,)`` bool."""
        if self.valid is None:
            return self.heatmaps.new_ones(self.heatmaps.shape[1], dtype=torch.bool)
        return self.valid[index].bool()

    def heatmaps_of(self, index: int) -> Tensor:
        """Heatmaps of one image without padding, ``(K, h', w')``."""
        maps = self.heatmaps[index].detach()
        if self.pixel_mask is None:
            return maps
        mask = self.pixel_mask[index]
        rows, cols = int(mask.any(dim=1).sum()), int(mask.any(dim=0).sum())
        return maps[:, :rows, :cols]


def row_names(
    class_names: Sequence[str], semantic_index: Sequence[int] | None
) -> Sequence[str]:
    """Names of the N, some of which may cover several classes of the data.

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


class SplitScores:
    """Sums of scores of negative and of positive entries.

    Attributes:
        sums: Sum of the scores of negatives (row 0) and positives (1), ``(2, size)``.
        counts: How many there were, ``(2, size)``.
        histogram: All scores in ``NUM_BINS`` equal bins of [0, 1], ``(2, NUM_BINS)``.

    Args:
        size: Entries per image, such as classes or slots.
    """

    def __init__(self, size: int) -> None:
        self.sums = np.zeros((2, size))
        self.counts = np.zeros((2, size), dtype=np.int64)
        self.histogram = np.zeros((2, NUM_BINS), dtype=np.int64)

    def add(
        self, scores: np.ndarray, positive: np.ndarray, counted: np.ndarray
    ) -> None:
        """Add one image's entries.

        Args:
            scores: In [0, 1], ``(size,)``.
            positive: Which entries are positive, bool, ``(size,)``.
            counted: Which entries to add, bool, ``(size,)``.
        """
        entries = np.flatnonzero(counted)
        scores, rows = scores[entries], positive[entries].astype(np.int64)
        bins = np.minimum((scores * NUM_BINS).astype(np.int64), NUM_BINS - 1)
        np.add.at(self.sums, (rows, entries), scores)
        np.add.at(self.counts, (rows, entries), 1)
        np.add.at(self.histogram, (rows, bins), 1)

    def merge(self, other: 'SplitScores') -> None:
        """Add the sums of another rank."""
        self.sums += other.sums
        self.counts += other.counts
        self.histogram += other.histogram

    def means(self) -> np.ndarray:
        """Mean score per entry, NaN where there was none, ``(2, size)``."""
        return self.sums / np.where(self.counts > 0, self.counts, np.nan)

    def overall(self) -> np.ndarray:
        """Mean score of all negatives and of all positives, ``(2,)``."""
        counts = self.counts.sum(axis=1)
        return self.sums.sum(axis=1) / np.where(counts > 0, counts, np.nan)

    def auroc(self) -> float:
        """Probability that a positive has a higher score than a negative.

        Scores of one bin count half; NaN without positives or without negatives.
        """
        negative, positive = self.histogram
        below = np.cumsum(negative) - negative
        wins = (positive * (below + 0.5 * negative)).sum()
        pairs = negative.sum() * positive.sum()
        return float(wins / pairs) if pairs else float('nan')


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
        assert call.scores is not None
        num_classes = call.num_classes
        for index, sample in enumerate(samples):
            scores = call.scores[index].detach().double().cpu().numpy()  # (L,)
            present = call.present(sample.gt_panoptic_seg.sem_seg[0])
            everything = np.ones(num_classes, dtype=bool)
            self.classes.add(scores[:num_classes], present, everything)
            matched, filled = (m.cpu().numpy() for m in call.matched(index, sample))
            self.slots.add(scores[num_classes:], matched, filled)

    def merge(self, other: 'ReweightingScores') -> None:
        """Add the scores of another rank."""
        self.classes.merge(other.classes)
        self.slots.merge(other.slots)

    def scalars(self, class_names: Sequence[str]) -> dict[str, float]:
        """All means and the two AUROC by name; NaN are left out."""
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
