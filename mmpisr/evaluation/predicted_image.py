"""What a model predicted for one image, in the categories that are scored."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from .category_table import CategoryTable
from .overlaps import count_pixels
from .predicted_instances import (
    PredictedInstances,
    from_listed_segments,
    from_masks,
    from_segments,
)


class PredictedImage:
    """Reads a data sample as any panoptic model leaves it; nothing is changed in it.

    Everything is worked out when it is first asked for.

    Args:
        sample: ``pred_panoptic_seg`` with ``sem_seg (1, H, W)`` in mmdet's encoding;
            ``pred_sem_seg`` and ``pred_instances`` where the model has them. All dicts.
        table: Rows of the categories.

    Raises:
        ValueError: In use, predictions of several sizes, or a label that is no class.
    """

    def __init__(self, sample: Mapping, table: CategoryTable) -> None:
        self.sample = sample
        self.table = table

    @cached_property
    def panoptic(self) -> np.ndarray:
        """Predicted segments, ``label + INSTANCE_OFFSET * instance``, ``(H, W)``."""
        return _map_of(self.sample['pred_panoptic_seg'])

    @cached_property
    def values(self) -> np.ndarray:
        """The distinct segments, sorted, ``(P,)``."""
        return count_pixels(self.panoptic)[0]

    @cached_property
    def rows(self) -> np.ndarray:
        """Category row of each segment, -1 = void, ``(P,)``."""
        ignored = self.sample['pred_panoptic_seg'].get('ignore_index')
        return self.table.rows_of_segments(self.values, ignored)

    @cached_property
    def labels(self) -> np.ndarray | None:
        """Semantic prediction, ``(H, W)``; ``None`` where the model has none."""
        if 'pred_sem_seg' not in self.sample:
            return None
        labels = _map_of(self.sample['pred_sem_seg'])
        self._check_size('pred_sem_seg', labels.shape)
        return labels

    @cached_property
    def instances(self) -> PredictedInstances:
        """Predicted instances.

        From ``pred_instances``, of any category, by their masks or by their segments
        in the panoptic map; the thing segments of that map where a sample has neither.
        """
        found = self.sample.get('pred_instances')
        if found is not None and 'masks' not in found and 'segments' in found:
            return from_listed_segments(found, self.table, self.panoptic)
        if found is None or 'masks' not in found:
            probs = self.sample.get('pred_sem_seg', {}).get('scores')
            return from_segments(
                self.panoptic, self.values, self.rows, self.table.is_thing, probs
            )
        instances = from_masks(found, self.table, self.panoptic.shape)
        self._check_size("the masks of 'pred_instances'", instances.masks().shape[1:])
        return instances

    def _check_size(self, what: str, size: tuple[int, ...]) -> None:
        if size != self.panoptic.shape:
            raise ValueError(
                f'image {self.sample.get("img_id")!r}: the panoptic prediction has '
                f'{self.panoptic.shape} pixels (height, width), {what} {size}'
            )


def _map_of(pixel_data: Mapping) -> np.ndarray:
    """The map ``(H, W)`` in a prediction's ``sem_seg``, ``(1, H, W)``."""
    return pixel_data['sem_seg'].cpu().numpy()[0]
