"""Rows for the categories that are scored, and the row of each label of a dataset."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET


class CategoryTable:
    """The categories that are scored, one row each.

    Args:
        dataset_meta: ``classes`` (a label is an index into it) and, if ``categories``
            is not given, ``thing_classes``.
        categories: The json's categories, one row each; ``None`` = one per class.
        source: The json, for messages.

    Attributes:
        categories: Dicts with ``id``, ``name`` and ``isthing``, C of them.
        names: Names of the rows.
        is_thing: Which rows are things, bool, ``(C,)``.
        num_classes: Labels of the dataset, N; the value of void in panoptic maps.

    Raises:
        ValueError: A class of the dataset is no category of the json.
    """

    def __init__(
        self,
        dataset_meta: Mapping,
        categories: Sequence[dict] | None = None,
        *,
        source: str = 'the json',
    ) -> None:
        classes = dataset_meta['classes']
        if categories is None:
            things = set(dataset_meta['thing_classes'])
            categories = [
                dict(id=label, name=name, isthing=int(name in things))
                for label, name in enumerate(classes)
            ]
        self.categories = list(categories)
        self.names: list[str] = [category['name'] for category in categories]
        self.is_thing = np.array([bool(c['isthing']) for c in categories], dtype=bool)
        self.num_classes = len(classes)
        missing = [name for name in classes if name not in self.names]
        if missing:
            raise ValueError(
                f"{source}: the dataset's classes {missing} are not among categories[] "
                f'{self.names}; give evaluator and dataset the same json'
            )
        rows = [self.names.index(name) for name in classes]
        self._row_of_label = np.array(rows, dtype=np.int64)

    def __len__(self) -> int:
        """How many categories are scored, C."""
        return len(self.categories)

    def rows_of_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return the row of each label, -1 for other numbers, same shape."""
        inside = (labels >= 0) & (labels < self.num_classes)
        return np.where(inside, self._row_of_label[np.where(inside, labels, 0)], -1)

    def rows_of_segments(
        self, values: np.ndarray, ignore_index: int | None = None
    ) -> np.ndarray:
        """Return the row of each value of a panoptic map.

        Args:
            values: ``label + INSTANCE_OFFSET * instance``, any shape.
            ignore_index: A label that is void, as ``num_classes`` is.

        Returns:
            Rows, -1 = void, same shape.

        Raises:
            ValueError: A label is neither a class nor void.
        """
        labels = values % INSTANCE_OFFSET
        rows = self.rows_of_labels(labels)
        void = (labels == self.num_classes) | (labels == ignore_index)
        unknown = labels[(rows < 0) & ~void]
        if len(unknown):
            raise ValueError(
                f'predicted labels {sorted({*unknown.tolist()})}, but the dataset has '
                f'{self.num_classes} classes (void = {self.num_classes})'
            )
        return rows


def check_classes(path: str, categories: Sequence[Mapping], meta: Mapping) -> None:
    """Refuse a truth with a category that is no class, or of another kind.

    The order of categories and classes may differ.

    Args:
        path: The truth's json.
        categories: The categories of the json.
        meta: The dataset's ``classes``, and ``thing_classes`` if these are known.

    Raises:
        ValueError: Names the json and the first category that differs.
    """
    classes, things = meta['classes'], meta.get('thing_classes')
    for position, category in enumerate(categories):
        name, is_thing = category['name'], bool(category['isthing'])
        if name not in classes:
            raise ValueError(
                f"{path}: categories[{position}] is {name!r}, but the dataset's "
                f'{len(classes)} classes lack it: {[*classes]}; give evaluator and '
                'dataset the same json, or `classes` to the dataset'
            )
        if things is not None and is_thing != (name in things):
            raise ValueError(
                f'{path}: categories[{position}] {name!r} has isthing {int(is_thing)}, '
                f'in the dataset {int(name in things)}'
            )
