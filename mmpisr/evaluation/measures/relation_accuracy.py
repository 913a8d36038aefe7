"""Accuracy on look-alike classes, decided by something elsewhere in the image.

A relation names a decider and two classes: a region is ``present`` if the decider is
anywhere in the image, else ``absent``. Only pixels whose truth and prediction are both
among the two classes are counted, so that neither finding the region nor its outline
matters. Each class counts half, so that a model that always predicts one of them has
50 %.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..category_table import CategoryTable
from ..scored_image import ScoredImage
from .measure import AdditiveMeasure, mean_of_present

FIELDS = ('decider', 'present', 'absent')


class RelationAccuracy(AdditiveMeasure):
    """``relation_acc_<decider>`` of each relation, and their mean ``relation_acc``.

    Args:
        table: The categories.
        relations: The dataset's: names of classes by ``decider``, ``present`` and
            ``absent``, R of them. Without relations all values are NaN.

    Raises:
        ValueError: A relation lacks a field, names an unknown category, or two
            relations have one decider.
    """

    name = 'relation'

    def __init__(
        self, table: CategoryTable, relations: Sequence[Mapping[str, str]]
    ) -> None:
        deciders: list[str] = []
        for index, relation in enumerate(relations):
            field = f"the dataset's relations[{index}]"
            if missing := [name for name in FIELDS if name not in relation]:
                raise ValueError(f'{field} lacks {missing}, it has only {[*relation]}')
            if unknown := [
                relation[f] for f in FIELDS if relation[f] not in table.names
            ]:
                raise ValueError(
                    f'{field} names {unknown}, which are not among {table.names}'
                )
            if relation['decider'] in deciders:
                raise ValueError(f'{field} has the decider of another: {deciders}')
            deciders.append(relation['decider'])
        rows = [
            [table.names.index(r[field]) for field in FIELDS[1:]] for r in relations
        ]
        self._rows = np.array(rows, dtype=np.int64).reshape(-1, 2)
        self.keys = [f'relation_acc_{decider}' for decider in deciders]
        self.shape = (len(relations), 4)

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Count the pixels whose truth and prediction a relation names.

        Returns:
            Pixels by (truth, prediction): (present, present), (present, absent),
            (absent, present), (absent, absent); float64, ``(R, 4)``.
        """
        counts, _, truth, pred = image.semantic
        in_truth = self._rows[..., None] == truth  # (R, 2, S)
        in_pred = self._rows[..., None] == pred  # (R, 2, P)
        pixels = np.einsum('rts,sp,rqp->rtq', in_truth, counts, in_pred)  # (R, 2, 2)
        return pixels.reshape(-1, 4).astype(np.float64)

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return mean recalls of the two classes in percent of ``(..., R, 4)`` pixels.

        Each is ``(...)``. NaN for a relation one of whose classes has no counted
        pixels; the mean is that of the others.
        """
        pixels = total.reshape(*total.shape[:-1], 2, 2)  # (..., R, truth, prediction)
        in_truth = pixels.sum(axis=-1)  # (..., R, 2)
        right = np.diagonal(pixels, axis1=-2, axis2=-1)  # (..., R, 2)
        recall = right / np.where(in_truth > 0, in_truth, np.nan)
        accuracy = 100 * recall.mean(axis=-1)  # (..., R)
        named = dict(zip(self.keys, np.moveaxis(accuracy, -1, 0), strict=True))
        return {'relation_acc': mean_of_present(accuracy, ~np.isnan(accuracy)), **named}


def measured_relations(
    meta: Mapping[str, Any], choice: bool | str
) -> list[Mapping[str, str]]:
    """Return the relations of a dataset that are measured.

    Args:
        meta: The dataset's metainfo.
        choice: Whether relations are measured, or ``'auto'``: if there are any.

    Raises:
        ValueError: ``choice`` is True, but there are none.
    """
    relations = [*meta.get('relations', ())]
    if choice is True and not relations:
        raise ValueError(
            "relation_accuracy=True, but the dataset's metainfo lacks 'relations', "
            f"only {[*meta]}; 'auto' measures them where there are any"
        )
    return relations if choice else []
