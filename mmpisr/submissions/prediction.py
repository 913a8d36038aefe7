"""What a model predicted for one image, in the categories of a submission."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.overlaps import count_pixels
from mmpisr.evaluation.panoptic_results import panoptic_segments


class PredictedInstance(NamedTuple):
    """One object: its category's row, its confidence and its mask, bool ``(H, W)``."""

    row: int
    score: float
    mask: np.ndarray


class Prediction:
    """Reads a data sample as any panoptic model leaves it; nothing is changed in it.

    Args:
        sample: ``pred_panoptic_seg`` with ``sem_seg (1, H, W)`` in mmdet's encoding;
            ``pred_sem_seg`` and ``pred_instances`` where the model has them.
        table: Which category a label means.

    Raises:
        ValueError: In use, a label is neither a class nor void.
    """

    def __init__(self, sample: Mapping, table: CategoryTable) -> None:
        self.sample = sample
        self.table = table
        self.panoptic = _map_of(sample['pred_panoptic_seg'])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.panoptic.shape
        return height, width

    @cached_property
    def segments(self) -> tuple[np.ndarray, list[dict]]:
        """Segment ids and their descriptions, as ``panoptic_segments`` gives them."""
        return panoptic_segments(
            self.panoptic,
            self._rows,
            categories=self.table.categories,
            num_classes=self.table.num_classes,
        )

    def semantic_rows(self) -> np.ndarray:
        """Category row of each pixel, -1 = void, ``(H, W)``.

        From the semantic prediction; from the panoptic one where there is none.
        """
        if 'pred_sem_seg' in self.sample:
            return self.table.rows_of_labels(_map_of(self.sample['pred_sem_seg']))
        return self._rows[np.searchsorted(self._values, self.panoptic)]

    def instances(self) -> Iterator[PredictedInstance]:
        """Every predicted object that is a thing and has a pixel.

        Without ``pred_instances`` these are the thing segments of the panoptic map,
        all of confidence 1.
        """
        pairs = self._masks() if self._has_masks else self._segment_masks()
        for instance in pairs:
            is_thing = instance.row >= 0 and self.table.is_thing[instance.row]
            if is_thing and instance.mask.any():
                yield instance

    @property
    def _has_masks(self) -> bool:
        return 'masks' in self.sample.get('pred_instances', {})

    def _masks(self) -> Iterator[PredictedInstance]:
        found = self.sample['pred_instances']
        rows = self.table.rows_of_labels(found['labels'].cpu().numpy())
        scores = found['scores'].cpu().numpy()
        for row, score, mask in zip(rows, scores, found['masks'], strict=True):
            yield PredictedInstance(int(row), float(score), mask.cpu().numpy() > 0)

    def _segment_masks(self) -> Iterator[PredictedInstance]:
        for row, value in zip(self._rows, self._values, strict=True):
            yield PredictedInstance(int(row), 1.0, self.panoptic == value)

    @cached_property
    def _values(self) -> np.ndarray:
        return count_pixels(self.panoptic)[0]

    @cached_property
    def _rows(self) -> np.ndarray:
        ignored = self.sample['pred_panoptic_seg'].get('ignore_index')
        return self.table.rows_of_segments(self._values, ignored)


def _map_of(pixel_data: Mapping) -> np.ndarray:
    """The map ``(H, W)`` in a prediction's ``sem_seg``, ``(1, H, W)``."""
    return pixel_data['sem_seg'].cpu().numpy()[0]
