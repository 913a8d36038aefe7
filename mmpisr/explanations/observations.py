"""What one pass over the test images shows of a model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from torch import Tensor, nn

from mmpisr.evaluation.reweighting import ImageScores, RelationCall
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.evaluation.slot_matching import present_classes
from mmpisr.models.relations import PISR, BaseRelation

from .encodings import Encodings, recorded_encodings
from .loaded_model import LoadedModel


class Observations(NamedTuple):
    """Of I images, in their order.

    Attributes:
        table: Statistics of the predictions.
        present: Which classes are in the truth, bool, ``(I, N)``.
        found: Share of the pixels to which the first stage gives each class, or, of a
            base model, the only stage, ``(I, N)``. NaN where that cannot be told: some
            classes are one to the relation.
        scores: Reweighting scores; empty where the relation has none.
        encodings: Of each image, on the CPU; empty where there are none.
        confidence: Of each image's masks, as the reweighting reads it, ``(L,)``; empty
            where the relation has no scores.
    """

    table: ScoreTable
    present: np.ndarray
    found: np.ndarray
    scores: list[ImageScores]
    encodings: list[Encodings]
    confidence: list[np.ndarray]


def observe(loaded: LoadedModel) -> Observations:
    """Predict and score all test images, listening to the relation."""
    relation, num_classes = loaded.find_relation(), len(loaded.classes)
    metric = loaded.new_metric()
    present, found = [], []
    scores: list[ImageScores] = []
    encodings: list[Encodings] = []
    confidence: list[np.ndarray] = []
    for index in range(len(loaded.dataset)):
        with listened(relation, loaded.class_rows()) as heard:
            sample = loaded.predict(index)
        metric.process({}, [sample.to_dict()])
        truth = sample.gt_panoptic_seg.sem_seg[0]
        present.append(present_classes(truth, num_classes).cpu().numpy())
        found.append(_found(heard.call, sample.pred_panoptic_seg.sem_seg, num_classes))
        if heard.call is not None and heard.call.weights is not None:
            scores.append(heard.call.scores_of(0, sample))
        encodings += heard.encodings
        confidence += heard.confidence
    return Observations(
        table=metric.score_table(metric.results),
        present=np.array(present),
        found=np.array(found),
        scores=scores,
        encodings=encodings,
        confidence=confidence,
    )


class Heard:
    """What a relation was called with for one image, None without a relation."""

    call: RelationCall | None = None
    encodings: list[Encodings]
    confidence: list[np.ndarray]

    def __init__(self) -> None:
        self.encodings = []
        self.confidence = []


@contextmanager
def listened(relation: BaseRelation | None, class_rows: Any = None) -> Iterator[Heard]:
    """Listen to a relation within the block, if there is one."""
    heard = Heard()
    if relation is None:
        yield heard
        return

    def keep(_: nn.Module, args: tuple, kwargs: Mapping, output: Any) -> None:
        heard.call = RelationCall.of(args, kwargs, output, class_rows)

    def keep_confidence(_: nn.Module, inputs: tuple, output: Any) -> None:
        heard.confidence.append(inputs[2][0].cpu().numpy())

    handles = [relation.register_forward_hook(keep, with_kwargs=True)]
    if isinstance(relation, PISR) and relation.reweighting is not None:
        handles.append(relation.reweighting.register_forward_hook(keep_confidence))
    try:
        if isinstance(relation, PISR):
            with recorded_encodings(relation) as heard.encodings:
                yield heard
        else:
            yield heard
    finally:
        for handle in handles:
            handle.remove()


def _found(call: RelationCall | None, final: Tensor, num_classes: int) -> np.ndarray:
    """Share of the pixels that each class wins, ``(N,)``."""
    if call is None:
        labels = final % INSTANCE_OFFSET
    elif call.class_rows is not None or call.probs is None:
        return np.full(num_classes, np.nan)
    else:
        labels = call.probs[0].argmax(dim=0)
    counts = torch.bincount(labels.flatten(), minlength=num_classes)[:num_classes]
    return (counts / labels.numel()).cpu().numpy()
