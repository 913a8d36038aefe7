"""Which classes a model confuses, and PISR's scores for what an image lacks."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from torch import nn

from mmpisr.evaluation.reweighting import RelationCall, ReweightingScores

from .scoring import ScoredModel

GROUPS = {
    'present classes': 'present',
    'absent classes': 'absent',
    'slots that match an instance': 'matched',
    'slots that match none': 'false_positive',
}
"""What is scored, and its name in ``ReweightingScores.scalars``."""


class Reasons(NamedTuple):
    """What the predictions of all test images show.

    Attributes:
        confusion: Pixels by class of the truth and class of the prediction,
            ``(N, N)``; void of either is left out.
        scores: PISR's reweighting scores by group, percent, and ``AUROC``s; empty
            without PISR's scores.
    """

    confusion: np.ndarray
    scores: dict[str, float]


def find_reasons(scored: ScoredModel) -> Reasons:
    """Predict all test images, and count."""
    size = len(scored.classes)
    confusion = np.zeros((size, size), dtype=np.int64)
    calls: list[RelationCall] = []
    pisr = scored.find_pisr()

    hosts = [m for m in scored.model.modules() if getattr(m, 'relation', None) is pisr]
    rows = getattr(hosts[0], 'semantic_index', None) if pisr else None

    def keep(_: nn.Module, args: tuple, kwargs: Mapping, output: Any) -> None:
        calls.append(RelationCall.of(args, kwargs, output, rows))

    handle = pisr and pisr.register_forward_hook(keep, with_kwargs=True)
    scores = None
    for index in range(len(scored.dataset)):
        sample = scored.predict(index)
        confusion += confusion_of(sample, size)
        for call in calls:
            if call.scores is not None:
                empty = ReweightingScores(call.num_classes, call.heatmaps.shape[1])
                scores = scores or empty
                scores.add(call, [sample])
        calls.clear()
    if handle:
        handle.remove()
    return Reasons(confusion, _summary(scores) if scores else {})


def confusion_of(sample: DetDataSample, num_classes: int) -> np.ndarray:
    """Pixels of one image by true and predicted class, ``(N, N)``."""
    maps = sample.gt_panoptic_seg.sem_seg, sample.pred_panoptic_seg.sem_seg
    truth, predicted = (np.asarray(m.cpu()).ravel() % INSTANCE_OFFSET for m in maps)
    kept = (truth < num_classes) & (predicted < num_classes)
    pairs = truth[kept] * num_classes + predicted[kept]
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def confused_pairs(confusion: np.ndarray, names: list[str]) -> pd.Series:
    """Share of two classes' pixels that is taken for the other class, percent.

    Args:
        confusion: See :class:`Reasons`.
        names: Of the classes.

    Returns:
        By ``'cow, sheep'``; pairs of classes that both occur, the first class before
        the second in the data.
    """
    shares = {}
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            total = confusion[a].sum() + confusion[b].sum()
            if confusion[a].any() and confusion[b].any():
                wrong = confusion[a, b] + confusion[b, a]
                shares[f'{names[a]}, {names[b]}'] = 100 * wrong / total
    return pd.Series(shares, dtype=float)


def _summary(scores: ReweightingScores) -> dict[str, float]:
    found = scores.scalars([''] * len(scores.classes.counts[0]))
    means = {name: found.get(f'mean/{key}') for name, key in GROUPS.items()}
    auroc = {
        f'AUROC, {key}': found.get(f'auroc/{key}') for key in ('classes', 'instances')
    }
    both = {**means, **auroc}
    return {name: 100 * value for name, value in both.items() if value is not None}
