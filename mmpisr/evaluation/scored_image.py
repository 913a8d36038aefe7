"""One predicted image beside its truth; what measures share is computed once."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from .category_table import CategoryTable
from .ground_truth import ImageTruth
from .overlaps import Overlaps, count_overlaps
from .predicted_instances import PredictedInstances, from_masks, from_segments
from .segment_png import check_ids, check_sizes


class ScoredImage:
    """A data sample with its prediction, and the truth of it.

    Everything is worked out when a measure first asks for it.

    Args:
        sample: ``pred_panoptic_seg`` and, if the model gives them, ``pred_sem_seg`` and
            ``pred_instances``, as dicts.
        truth: The image's truth.
        table: Rows of the categories.

    Raises:
        ValueError: In use, maps of other sizes than the truth, a png that disagrees
            with its json, or a predicted label that is no class.
    """

    def __init__(
        self, sample: Mapping, truth: ImageTruth, table: CategoryTable
    ) -> None:
        self.sample = sample
        self.truth = truth
        self.table = table

    @cached_property
    def panoptic(self) -> np.ndarray:
        """Predicted segments, ``label + INSTANCE_OFFSET * instance``, ``(H, W)``."""
        pred = map_of(self.sample['pred_panoptic_seg'])
        check_sizes(self.truth.path, self.truth.ids, pred)
        return pred

    @cached_property
    def overlaps(self) -> Overlaps:
        """Pixels shared by truth ids (rows) and predicted segments (columns)."""
        overlaps = count_overlaps(self.truth.ids, self.panoptic)
        check_ids(self.truth.path, overlaps.first, self.truth.segments.ids)
        return overlaps

    @cached_property
    def pred_rows(self) -> np.ndarray:
        """Category row of each predicted segment, -1 = void, ``(P,)``."""
        return segment_rows(self.sample, self.overlaps.second, self.table)

    @cached_property
    def semantic(self) -> tuple[Overlaps, np.ndarray]:
        """Truth ids (rows) against predicted classes (columns), whose rows follow.

        From ``pred_sem_seg``; the classes of the panoptic map where there is none.
        """
        if 'pred_sem_seg' not in self.sample:
            return self.overlaps, self.pred_rows
        labels = map_of(self.sample['pred_sem_seg'])
        check_sizes(self.truth.path, self.truth.ids, labels)
        overlaps = count_overlaps(self.truth.ids, labels)
        return overlaps, self.table.rows_of_labels(overlaps.second)

    @cached_property
    def instances(self) -> PredictedInstances:
        """Predicted instances of things.

        From ``pred_instances``; the thing segments of the panoptic map where a sample
        has none, or none with masks.
        """
        found = self.sample.get('pred_instances')
        if found is not None and 'masks' in found:
            return from_masks(
                found, self.truth, self.overlaps.first, self.table, self.panoptic.shape
            )
        probs = self.sample.get('pred_sem_seg', {}).get('scores')
        return from_segments(
            self.panoptic, self.overlaps, self.pred_rows, self.table.is_thing, probs
        )


def map_of(pixel_data: Mapping) -> np.ndarray:
    """The map ``(H, W)`` in a prediction's ``sem_seg``, ``(1, H, W)``."""
    return pixel_data['sem_seg'].cpu().numpy()[0]


def segment_rows(
    sample: Mapping, values: np.ndarray, table: CategoryTable
) -> np.ndarray:
    """Category rows of the values of the predicted panoptic map, -1 = void."""
    ignored = sample['pred_panoptic_seg'].get('ignore_index')
    return table.rows_of_segments(values, ignored)
