"""Accuracy on classes of one look, which something elsewhere in the image tells apart.

A relation names a decider and two classes: a region is ``present`` if the decider
stands anywhere in the image, else ``absent``. Only pixels are counted whose truth and
whose prediction are among the two, so that neither finding the region nor its outline
matters, and each class counts half, so that a model that always answers one has 50 %.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..category_table import CategoryTable
from ..overlaps import Overlaps
from ..scored_image import ScoredImage
from .measure import AdditiveMeasure, mean_of_present

FIELDS = ('decider', 'present', 'absent')
CHOICES = (False, True, 'auto')


class RelationAccuracy(AdditiveMeasure):
    """``relation_acc_<decider>`` of each relation, and their mean ``relation_acc``.

    Args:
        table: The categories.
        relations: The dataset's: names of classes by ``decider``, ``present`` and
            ``absent``, R of them. None of them gives NaN.

    Raises:
        ValueError: A relation lacks a field, names no category, or has another one's
            decider.
    """

    name = 'relation'

    def __init__(
        self, table: CategoryTable, relations: Sequence[Mapping[str, str]]
    ) -> None:
        self.rows = rows_of_relations(table, relations)
        self.keys = [f'relation_acc_{relation["decider"]}' for relation in relations]
        self.shape = (len(self.rows), 4)

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Count one image's pixels, see ``image_relation_counts``, ``(R, 4)``."""
        overlaps, rows = image.semantic
        classes = image.truth.classes(overlaps.first)
        return image_relation_counts(overlaps, classes, rows, self.rows)

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return accuracies in percent of ``(..., R, 4)`` counts, ``(...)`` each.

        NaN for a relation one of whose classes has no counted pixels; the mean is that
        of the others.
        """
        accuracy = 100 * balanced_accuracy(total)  # (..., R)
        mean, _ = mean_of_present(accuracy, ~np.isnan(accuracy))
        named = zip(self.keys, np.moveaxis(accuracy, -1, 0), strict=True)
        return {'relation_acc': mean, **dict(named)}


def check_choice(choice: object) -> None:
    """Refuse what ``measured_relations`` does not know.

    Raises:
        ValueError: With what there is.
    """
    if choice not in CHOICES:
        raise ValueError(f'relation_accuracy={choice!r}, expected one of {[*CHOICES]}')


def measured_relations(
    meta: Mapping[str, Any], choice: bool | str
) -> list[Mapping[str, str]]:
    """Those of a dataset's ``metainfo`` that are to be measured.

    Args:
        meta: The metainfo.
        choice: Whether relations are measured, or ``'auto'``: if there are any.

    Raises:
        ValueError: They are, and there are none.
    """
    relations = [*meta.get('relations', ())]
    if choice is True and not relations:
        raise ValueError(
            "relation_accuracy=True, but the dataset's metainfo lacks 'relations', "
            f"only {[*meta]}; 'auto' measures them where there are any"
        )
    return relations if choice else []


def rows_of_relations(
    table: CategoryTable, relations: Sequence[Mapping[str, str]]
) -> np.ndarray:
    """Find the rows of each relation's two classes, present first, ``(R, 2)``.

    Raises:
        ValueError: See ``RelationAccuracy``.
    """
    names = table.names
    for index, relation in enumerate(relations):
        field = f"the dataset's relations[{index}]"
        if missing := [name for name in FIELDS if name not in relation]:
            raise ValueError(f'{field} lacks {missing}, it has only {[*relation]}')
        if unknown := [relation[f] for f in FIELDS if relation[f] not in names]:
            raise ValueError(f'{field} names {unknown}, which are not among {names}')
        earlier = [other['decider'] for other in relations[:index]]
        if relation['decider'] in earlier:
            raise ValueError(f'{field} has the decider of another: {earlier}')
    rows = [[names.index(r['present']), names.index(r['absent'])] for r in relations]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def image_relation_counts(
    overlaps: Overlaps,
    truth_classes: np.ndarray,
    pred_classes: np.ndarray,
    relation_rows: np.ndarray,
) -> np.ndarray:
    """Count the pixels of one image whose truth and prediction a relation names.

    Args:
        overlaps: Pixels shared by truth values (rows) and predicted values (columns).
        truth_classes: Class of each row, -1 = void, ``(S,)``.
        pred_classes: Class of each column, -1 = no class, ``(P,)``.
        relation_rows: Classes of each relation, present first, ``(R, 2)``.

    Returns:
        Pixels by (truth, prediction): (present, present), (present, absent), (absent,
        present), (absent, absent); float64, ``(R, 4)``.
    """
    truth = relation_rows[..., None] == truth_classes  # (R, 2, S)
    pred = relation_rows[..., None] == pred_classes  # (R, 2, P)
    counts = np.einsum('rts,sp,rqp->rtq', truth, overlaps.counts, pred)  # (R, 2, 2)
    return counts.reshape(-1, 4).astype(np.float64)


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """Mean recall of the two classes of each relation.

    Args:
        counts: As ``image_relation_counts`` makes them, summed over images,
            ``(..., R, 4)``.

    Returns:
        In [0, 1], ``(..., R)``; NaN where one of the two has no pixels.
    """
    table = counts.reshape(*counts.shape[:-1], 2, 2)  # (..., R, truth, prediction)
    given = table.sum(axis=-1)  # (..., R, 2)
    right = np.diagonal(table, axis1=-2, axis2=-1)  # (..., R, 2)
    return (right / np.where(given > 0, given, np.nan)).mean(axis=-1)
