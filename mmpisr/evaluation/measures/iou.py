"""Intersection over union of class maps, and the same weighted by instances.

Both as cityscapesscripts (``evalPixelLevelSemanticLabeling``) defines them; mIoU also
as detectron2 and mmseg's ``IoUMetric`` do. A crowd region counts as its class. Void
pixels are left out, whatever the prediction; a pixel predicted as void is a missed
one.
"""

from collections.abc import Mapping

import numpy as np

from ..category_table import CategoryTable
from ..scored_image import ScoredImage
from .measure import AdditiveMeasure, mean_of_present


class MeanIoU(AdditiveMeasure):
    """``mIoU`` over the classes that occur or are predicted.

    Args:
        num_categories: Rows, C.
    """

    name = 'miou'

    def __init__(self, num_categories: int) -> None:
        self.shape = (num_categories, 3)

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Count the pixels of each class.

        Returns:
            Intersection, truth and prediction in pixels, float64, ``(C, 3)``.
        """
        counts, _, truth, pred = image.semantic
        counts, truth = counts[truth >= 0], truth[truth >= 0]
        agree = counts * (truth[:, None] == pred[None])
        given, num_classes = pred >= 0, self.shape[0]
        return np.stack(
            [
                np.bincount(truth, agree.sum(axis=1), num_classes),
                np.bincount(truth, counts.sum(axis=1), num_classes),
                np.bincount(pred[given], counts.sum(axis=0)[given], num_classes),
            ],
            axis=1,
        )

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``mIoU`` in percent of ``(..., C, 3)`` pixels, ``(...)``."""
        intersection, truth, prediction = np.moveaxis(total, -1, 0)  # (..., C) each
        unions = truth + prediction - intersection
        ious = intersection / np.where(unions > 0, unions, np.nan)
        return dict(mIoU=100 * mean_of_present(ious, unions > 0))


class InstanceWeightedIoU(AdditiveMeasure):
    """``iIoU`` over the thing classes that have instances or false positives.

    Pixels of an instance weigh ``average / size``: ``average`` is the mean size of the
    instances of its class, ``size`` its own. iIoU = iTP / (iTP + FP + iFN), then the
    mean over thing classes. Crowds are no instances; predictions of another class are
    false (FP) on them, but not on void.

    The average of a class is one factor of all its weights, so that the sums of ``tp /
    size`` and ``fn / size`` of each image are enough.

    Args:
        table: The C categories.
        instance_areas: Average size of an instance in pixels by name of its class, as
            Cityscapes publishes them. ``None`` = the average over the evaluated truth.

    Raises:
        ValueError: A thing class has no average size.
    """

    name = 'iiou'

    def __init__(
        self, table: CategoryTable, instance_areas: Mapping[str, float] | None = None
    ) -> None:
        self.shape = (len(table), 5)
        self.table = table
        self._areas: np.ndarray | None = None
        if instance_areas is not None:
            pairs = [*zip(table.names, table.is_thing, strict=True)]
            missing = [n for n, thing in pairs if thing and n not in instance_areas]
            if missing:
                raise ValueError(
                    "iIoU: the dataset's 'instance_areas' has no average size for the "
                    f'things {missing}, only for {[*instance_areas]}'
                )
            areas = [instance_areas[n] if thing else 0.0 for n, thing in pairs]
            self._areas = np.array(areas, dtype=np.float64)

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Sum up the instances and the false pixels of each class.

        Returns:
            Per class: sum over its instances of found / size, of missed / size, of
            size, their number, and the pixels falsely given to it; float64, ``(C, 5)``.
        """
        counts, ids, truth, pred = image.semantic
        single = image.truth.are_instances(ids, self.table.is_thing)
        agree = truth[:, None] == pred[None]
        classes, num_classes = truth[single], self.shape[0]
        sizes = counts[single].sum(axis=1)
        found = (counts * agree)[single].sum(axis=1)
        false = (counts * ~agree)[truth >= 0].sum(axis=0)
        given = pred >= 0
        sums = [
            np.bincount(classes, found / sizes, num_classes),
            np.bincount(classes, (sizes - found) / sizes, num_classes),
            np.bincount(classes, sizes, num_classes),
            np.bincount(classes, minlength=num_classes),
            np.bincount(pred[given], false[given], num_classes),
        ]
        return np.stack(sums, axis=1).astype(np.float64)

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``iIoU`` in percent of ``(..., C, 5)`` sums, ``(...)``."""
        hits, misses, sizes, count, false = np.moveaxis(total, -1, 0)
        areas = sizes / np.maximum(count, 1) if self._areas is None else self._areas
        weight = areas * (hits + misses) + false  # (..., C)
        present = (weight > 0) & self.table.is_thing
        ious = areas * hits / np.where(present, weight, np.nan)
        return dict(iIoU=100 * mean_of_present(ious, present))
