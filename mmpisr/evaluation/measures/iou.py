"""Intersection over union of class maps, and the same weighted by instances.

Both as cityscapesscripts (``evalPixelLevelSemanticLabeling``) defines them; mIoU also
as detectron2 and mmseg's ``IoUMetric`` do.

- A crowd region counts as its class. Void pixels are left out whatever is predicted
  there, and a pixel predicted as void is a missed one.
- iIoU of the things: pixels of an instance weigh ``average / size``, ``average`` the
  mean size of the instances of its class, ``size`` its own. iIoU = iTP / (iTP + FP +
  iFN), then the mean over thing classes. Crowds are no instances; predictions of
  another class are false (FP) on them, but not on void. The average of a class is one
  factor of all its weights, so an image leaves its sums of ``tp / size`` and
  ``fn / size``, and one pass suffices.
"""

from collections.abc import Mapping

import numpy as np

from ..category_table import CategoryTable
from ..overlaps import Overlaps
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
        """Count each class's pixels, see ``image_class_areas``, ``(C, 3)``."""
        overlaps, rows = image.semantic
        classes = image.truth.classes(overlaps.first)
        return image_class_areas(overlaps, classes, rows, len(image.table))

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``mIoU`` in percent of ``(..., C, 3)`` areas, ``(...)``."""
        return dict(mIoU=100 * mean_iou(total))


def image_class_areas(
    overlaps: Overlaps,
    truth_classes: np.ndarray,
    pred_classes: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Count the pixels of one image that a class has, was given, and both.

    Args:
        overlaps: Pixels shared by truth values (rows) and predicted values (columns).
        truth_classes: Class of each row, -1 = ignored (void), ``(S,)``.
        pred_classes: Class of each column, -1 = no class, ``(P,)``. Such pixels count
            as missed.
        num_classes: Rows of the result, C.

    Returns:
        Intersection, truth and prediction in pixels per class, float64, ``(C, 3)``.
    """
    known = truth_classes >= 0
    counts, truth = overlaps.counts[known], truth_classes[known]
    agree = counts * (truth[:, None] == pred_classes[None])
    given = pred_classes >= 0
    return np.stack(
        [
            np.bincount(truth, agree.sum(axis=1), num_classes),
            np.bincount(truth, counts.sum(axis=1), num_classes),
            np.bincount(pred_classes[given], counts.sum(axis=0)[given], num_classes),
        ],
        axis=1,
    )


def mean_iou(areas: np.ndarray) -> np.ndarray:
    """Average IoU over the classes that occur or are predicted.

    Args:
        areas: As ``image_class_areas`` makes them, summed over images, ``(..., C, 3)``.

    Returns:
        Mean IoU in [0, 1], ``(...)``; NaN when there is no such class.
    """
    intersection, truth, prediction = np.moveaxis(areas, -1, 0)  # (..., C) each
    unions = truth + prediction - intersection
    present = unions > 0
    ious = intersection / np.where(present, unions, np.nan)
    return mean_of_present(ious, present)[0]


class InstanceWeightedIoU(AdditiveMeasure):
    """``iIoU`` over the thing classes that have instances or false alarms.

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
        self.instance_areas = instance_areas
        self._areas: np.ndarray | None = None
        if instance_areas is not None:
            self._areas = _areas_of_rows(table, instance_areas)

    def of_image(self, image: ScoredImage) -> np.ndarray:
        """Weigh the instances, see ``image_instance_sums``, ``(C, 5)``."""
        overlaps, rows = image.semantic
        return image_instance_sums(
            overlaps,
            image.truth.classes(overlaps.first),
            image.truth.are_instances(overlaps.first, self.table.is_thing),
            rows,
            len(self.table),
        )

    def values(self, total: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``iIoU`` in percent of ``(..., C, 5)`` sums, ``(...)``."""
        hits, misses, sizes, count, false_alarms = np.moveaxis(total, -1, 0)
        areas = sizes / np.maximum(count, 1) if self._areas is None else self._areas
        weight = areas * (hits + misses) + false_alarms  # (..., C)
        present = (weight > 0) & self.table.is_thing
        ious = areas * hits / np.where(present, weight, np.nan)
        return dict(iIoU=100 * mean_of_present(ious, present)[0])


def image_instance_sums(
    overlaps: Overlaps,
    truth_classes: np.ndarray,
    are_instances: np.ndarray,
    pred_classes: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Sum up the instances and the false pixels of one image.

    Args:
        overlaps: Pixels shared by truth values (rows) and predicted values (columns).
        truth_classes: Class of each row, -1 = void, ``(S,)``.
        are_instances: Which rows are single things, bool, ``(S,)``.
        pred_classes: Class of each column, -1 = no class, ``(P,)``.
        num_classes: Rows of the result, C.

    Returns:
        Per class: sum over its instances of found / size, of missed / size, of size,
        their number, and the pixels falsely given to it; float64, ``(C, 5)``.
    """
    agree = truth_classes[:, None] == pred_classes[None]
    classes = truth_classes[are_instances]
    sizes = overlaps.counts[are_instances].sum(axis=1)
    found = (overlaps.counts * agree)[are_instances].sum(axis=1)
    false = (overlaps.counts * ~agree)[truth_classes >= 0].sum(axis=0)
    given = pred_classes >= 0
    return np.stack(
        [
            np.bincount(classes, found / sizes, num_classes),
            np.bincount(classes, (sizes - found) / sizes, num_classes),
            np.bincount(classes, sizes, num_classes),
            np.bincount(classes, minlength=num_classes),
            np.bincount(pred_classes[given], false[given], num_classes),
        ],
        axis=1,
    ).astype(np.float64)


def _areas_of_rows(table: CategoryTable, areas: Mapping[str, float]) -> np.ndarray:
    """Average size of each row's instances; stuff has 0."""
    things = [c['name'] for c in table.categories if c['isthing']]
    missing = [name for name in things if name not in areas]
    if missing:
        raise ValueError(
            f"iIoU: the dataset's 'instance_areas' has no average size for the things "
            f'{missing}, only for {[*areas]}'
        )
    return np.array(
        [float(areas[c['name']]) if c['isthing'] else 0.0 for c in table.categories]
    )
