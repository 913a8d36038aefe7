"""What the reweighting scores know: classes that are there, slots that are true."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.auroc import ImageAuroc, mean_auroc
from mmpisr.evaluation.calibration import reliability
from mmpisr.evaluation.resampling import Interval

from .observations import Observations


class Entries(NamedTuple):
    """Scores of one model, E of them.

    Attributes:
        scores: ``(E,)``.
        positive: Classes that are there, slots that match an object, bool, ``(E,)``.
        images: Index of the image of each, ``(E,)``.
        columns: Index of its class, or its rank from zero, ``(E,)``.
        num_images: I.
    """

    scores: np.ndarray
    positive: np.ndarray
    images: np.ndarray
    columns: np.ndarray
    num_images: int

    def of_column(self, column: int) -> 'Entries':
        """Those of one class or one rank."""
        return self.chosen(self.columns == column)

    def chosen(self, mask: np.ndarray) -> 'Entries':
        """Those that ``(E,)`` bool marks."""
        return Entries(
            self.scores[mask],
            self.positive[mask],
            self.images[mask],
            self.columns[mask],
            self.num_images,
        )

    def auroc(self) -> ImageAuroc:
        """How well the scores tell positives."""
        return ImageAuroc(self.scores, self.positive, self.images, self.num_images)


class ScoreRow(NamedTuple):
    """Scores summed up, means over models; NaN where there is nothing.

    Attributes:
        name: Of the group.
        positives: How many, mean over models.
        negatives: The same.
        mean_positive: Mean score.
        mean_negative: Mean score.
        auroc: In [0, 1].
        interval: Of it, over images.
        of_seeds: Of each model.
        error: Expected calibration error.
    """

    name: str
    positives: float
    negatives: float
    mean_positive: float
    mean_negative: float
    auroc: float
    interval: Interval
    of_seeds: tuple[float, ...]
    error: float


def class_entries(observed: Observations) -> Entries:
    """All classes of all images."""
    scores = np.array([one.classes for one in observed.scores])
    present = np.array([one.present for one in observed.scores])
    return entries_of(scores, present)


def slot_entries(observed: Observations) -> Entries:
    """The filled slots of all images."""
    scores, matched, filled = (
        np.array([getattr(one, field) for one in observed.scores])
        for field in ('slots', 'matched', 'filled')
    )
    return entries_of(scores, matched, filled)


def decider_class_entries(observed: Observations, deciders: Sequence[int]) -> Entries:
    """The classes that are there; positive are the deciders among them."""
    classes = class_entries(observed)
    is_decider = np.isin(classes.columns, deciders)
    return classes._replace(positive=is_decider).chosen(classes.positive)


def decider_slot_entries(observed: Observations, deciders: Sequence[int]) -> Entries:
    """The slots that match an object; positive are those on a decider."""
    scores, labels = (
        np.array([getattr(one, field) for one in observed.scores])
        for field in ('slots', 'labels')
    )
    return entries_of(scores, np.isin(labels, deciders), labels >= 0)


def slot_means(of_seeds: Sequence[Observations], num_classes: int) -> np.ndarray:
    """Mean score of the slots on objects of each class, NaN without any, ``(N,)``."""
    sums, counts = np.zeros(num_classes), np.zeros(num_classes)
    for image in (image for one in of_seeds for image in one.scores):
        labels = image.labels[image.matched]
        sums += np.bincount(labels, image.slots[image.matched], num_classes)
        counts += np.bincount(labels, minlength=num_classes)
    return sums / np.where(counts > 0, counts, np.nan)


def area_entries(observed: Observations) -> Entries:
    """Classes by how much of the image the intermediate stage gives them."""
    return entries_of(observed.found, observed.present)


def class_confidence_entries(observed: Observations) -> Entries:
    """Classes by the confidence of their masks."""
    classes = class_entries(observed)
    confidence = np.array(observed.confidence)[classes.images, classes.columns]
    return classes._replace(scores=confidence)


def slot_confidence_entries(observed: Observations) -> Entries:
    """The filled slots by the confidence of their heatmaps."""
    slots = slot_entries(observed)
    first = observed.scores[0].classes.size
    confidence = np.array(observed.confidence)[slots.images, first + slots.columns]
    return slots._replace(scores=confidence)


def rank_entries(observed: Observations) -> Entries:
    """The filled slots by their rank, 1 the best."""
    slots = slot_entries(observed)
    return slots._replace(scores=1 / (1 + slots.columns))


def entries_of(
    scores: np.ndarray, positive: np.ndarray, counted: np.ndarray | None = None
) -> Entries:
    """Flatten ``(I, size)`` scores, of which some may not count."""
    if counted is None:
        counted = np.ones(scores.shape, dtype=bool)
    images, columns = np.nonzero(counted)
    return Entries(scores[counted], positive[counted], images, columns, len(scores))


def score_row(name: str, of_seeds: Sequence[Entries]) -> ScoreRow:
    """Sum up one group.

    Args:
        name: Of the group.
        of_seeds: Its entries, of each model.
    """
    aurocs = [one.auroc() for one in of_seeds]
    value, interval = mean_auroc(aurocs)
    return ScoreRow(
        name=name,
        positives=float(np.mean([one.positive.sum() for one in of_seeds])),
        negatives=float(np.mean([(~one.positive).sum() for one in of_seeds])),
        mean_positive=_mean([one.scores[one.positive] for one in of_seeds]),
        mean_negative=_mean([one.scores[~one.positive] for one in of_seeds]),
        auroc=value,
        interval=interval,
        of_seeds=tuple(one.value() for one in aurocs),
        error=float(
            np.mean([reliability(one.scores, one.positive).error for one in of_seeds])
        ),
    )


def column_rows(
    of_seeds: Sequence[Entries], names: Sequence[str]
) -> tuple[list[ScoreRow], dict[str, str]]:
    """A row for each class.

    Returns:
        Rows of the classes that some images have and some lack, and of the others
        why they are left out, by name.
    """
    rows, left_out = [], {}
    for column, name in enumerate(names):
        entries = [one.of_column(column) for one in of_seeds]
        shares = [one.positive.mean() if len(one.positive) else 0 for one in entries]
        if all(0 < share < 1 for share in shares):
            rows.append(score_row(name, entries))
        else:
            left_out[name] = 'on every image' if shares[0] else 'on no image'
    return rows, left_out


def within_columns(of_seeds: Sequence[Entries], names: Sequence[str]) -> ScoreRow:
    """AUROC of each class by itself, then the mean over classes and models.

    Unlike the AUROC of all classes together, it does not reward a class that always
    has a high score for being there often.
    """
    rows, _ = column_rows(of_seeds, names)
    kept = [names.index(row.name) for row in rows]
    aurocs = [one.of_column(column).auroc() for one in of_seeds for column in kept]
    value, interval = mean_auroc(aurocs) if kept else (np.nan, Interval(np.nan, np.nan))
    seeds = zip(*(row.of_seeds for row in rows), strict=True)
    nan = float('nan')
    return ScoreRow(
        'classes, each by itself',
        *(nan, nan, nan, nan),
        auroc=value,
        interval=interval,
        of_seeds=tuple(float(np.mean(one)) for one in seeds),
        error=float(np.mean([row.error for row in rows])) if rows else nan,
    )


def _mean(of_seeds: Sequence[np.ndarray]) -> float:
    """Mean over models of means; NaN where one has no entry."""
    return float(np.mean([one.mean() if len(one) else np.nan for one in of_seeds]))
