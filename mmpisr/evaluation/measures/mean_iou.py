"""Mean intersection over union of class maps.

As cityscapesscripts (``evalPixelLevelSemanticLabeling``), detectron2 and mmseg's
``IoUMetric`` define it: a crowd region counts as its class, void pixels are left out
whatever is predicted there, and a pixel predicted as void is a missed one.
"""

import numpy as np

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
