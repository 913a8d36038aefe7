"""The categories of a json and the labels of a dataset, brought together."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET


class CategoryTable:
    """Rows for the categories that are scored, and which row a predicted label means.

    Args:
        dataset_meta: ``classes`` (a label is an index into it) and, if ``categories``
            is not given, ``thing_classes``.
        categories: The json's categories, one row each; ``None`` = one per class.

    Attributes:
        categories: Dicts with ``id``, ``name`` and ``isthing``, C of them.
        is_thing: Which rows are things, bool, ``(C,)``.
        num_classes: Labels of the dataset, N; the value of void in panoptic maps.

    Raises:
        ValueError: A class of the dataset is no category of the json.
    """

    def __init__(
        self, dataset_meta: Mapping, categories: Sequence[dict] | None = None
    ) -> None:
        classes = dataset_meta['classes']
        if categories is None:
            things = set(dataset_meta['thing_classes'])
            categories = [
                dict(id=label, name=name, isthing=int(name in things))
                for label, name in enumerate(classes)
            ]
        row_of_name = {cat['name']: row for row, cat in enumerate(categories)}
        missing = [name for name in classes if name not in row_of_name]
        if missing:
            raise ValueError(
                f"the dataset's classes {missing} are not among the annotation file's "
                f'categories {[*row_of_name]}'
            )
        self.categories = list(categories)
        self.is_thing = np.array([bool(cat['isthing']) for cat in categories])
        self.num_classes = len(classes)
        self._row_of_label = np.array([row_of_name[name] for name in classes])

    def __len__(self) -> int:
        """How many categories are scored, C."""
        return len(self.categories)

    @property
    def names(self) -> list[str]:
        """Names of the rows."""
        return [cat['name'] for cat in self.categories]

    def rows_of_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return the row of each label, -1 for what is no label, same shape."""
        inside = (labels >= 0) & (labels < self.num_classes)
        return np.where(inside, self._row_of_label[np.where(inside, labels, 0)], -1)

    def rows_of_segments(
        self, values: np.ndarray, ignore_index: int | None = None
    ) -> np.ndarray:
        """Return the row of each value of a panoptic map.

        Args:
            values: ``label + INSTANCE_OFFSET * instance``, any shape.
            ignore_index: A label that is void too, beside ``num_classes``.

        Returns:
            Rows, -1 = void, same shape.

        Raises:
            ValueError: A label is neither a class nor void.
        """
        labels = values % INSTANCE_OFFSET
        rows = self.rows_of_labels(labels)
        void = self.num_classes if ignore_index is None else ignore_index
        known = (rows >= 0) | (labels == self.num_classes) | (labels == void)
        unknown = labels[~known]
        if len(unknown):
            raise ValueError(
                f'predicted labels {sorted({*unknown.tolist()})}, but the dataset has '
                f'{self.num_classes} classes (void = {self.num_classes})'
            )
        return rows


def check_kinds(path: str, categories: Sequence[Mapping], meta: Mapping) -> None:
    """Refuse a truth whose classes are not those of the dataset; any order will do.

    Args:
        path: The truth's json.
        categories: Of it.
        meta: The dataset's ``classes``, and ``thing_classes`` if these are known.

    Raises:
        ValueError: Names the json and the first class that differs.
    """
    things = meta.get('thing_classes')
    for position, category in enumerate(categories):
        name, flag = category['name'], bool(category['isthing'])
        if name not in meta['classes']:
            raise ValueError(
                f"{path}: categories[{position}] is {name!r}, but the dataset's "
                f'{len(meta["classes"])} classes lack it: {[*meta["classes"]]}; give '
                'evaluator and dataset the same json, or `classes` to the dataset'
            )
        if things is not None and flag != (name in things):
            raise ValueError(
                f'{path}: categories[{position}] {name!r} has isthing {int(flag)}, in '
                f'the dataset {int(name in things)}'
            )
    listed = [category['name'] for category in categories]
    missing = [name for name in meta['classes'] if name not in listed]
    if missing:
        raise ValueError(
            f"{path}: the dataset's classes {missing} are not among categories[] "
            f'{listed}; give evaluator and dataset the same json'
        )
