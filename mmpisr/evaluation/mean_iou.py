"""Mean intersection over union of class maps, as mmseg's ``IoUMetric`` defines it."""

import numpy as np

from .overlaps import Overlaps


def image_class_areas(
    overlaps: Overlaps,
    truth_classes: np.ndarray,
    pred_classes: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Count the pixels of one image that a class has, was given, and both.

    Args:
        overlaps: Pixels shared by truth values (rows) and predicted values (columns).
        truth_classes: Class of each row, -1 = ignored (void, crowd), ``(S,)``.
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


def mean_iou(areas: np.ndarray) -> float:
    """Average IoU over the classes that occur or are predicted.

    Args:
        areas: As ``image_class_areas`` makes them, summed over images, ``(C, 3)``.

    Returns:
        Mean IoU in [0, 1]; NaN when there is no such class.
    """
    intersection, truth, prediction = areas.T
    unions = truth + prediction - intersection
    present = unions > 0
    if not present.any():
        return float('nan')
    return float((intersection[present] / unions[present]).mean())
