"""Write panoptic predictions as COCO's result format: a json and a folder of pngs."""

import os.path as osp
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.fileio import dump

from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.files import write_atomically

from .overlaps import count_pixels


def panoptic_segments(
    pred: np.ndarray,
    rows: np.ndarray,
    *,
    categories: Sequence[dict],
    num_classes: int,
) -> tuple[np.ndarray, list[dict]]:
    """Number the segments of a predicted map as every result format has them.

    An id is the value of the predicted map (mmdet's encoding), void is 0. A segment
    whose value is 0 (class 0 without instance, where no class is a thing) gets the
    value of void instead, which no segment has.

    Args:
        pred: Predicted segments, ``(H, W)``.
        rows: Category row of each distinct value of ``pred``, -1 = void, ``(P,)``.
        categories: Dicts with ``id`` and ``isthing``, one a row.
        num_classes: Value of void in ``pred``.

    Returns:
        Ids, int64, ``(H, W)``, and for each of them but 0 a dict with ``id``,
        ``category_id``, ``area`` (pixels) and ``isthing``; none for a map of void.
    """
    values, areas = count_pixels(pred)
    numbers = np.where(values == 0, num_classes, values).astype(np.int64)
    numbers[rows < 0] = 0
    segments = [
        dict(
            id=int(number),
            category_id=categories[row]['id'],
            area=int(area),
            isthing=categories[row]['isthing'],
        )
        for number, area, row in zip(numbers, areas, rows, strict=True)
        if row >= 0
    ]
    return numbers[np.searchsorted(values, pred)], segments


class PanopticResultWriter:
    """Writes ``{prefix}.panoptic/*.png`` and then ``{prefix}.panoptic.json``.

    Args:
        prefix: Path and beginning of the names of both.
        categories: The json's categories; ``id`` and ``isthing`` are used.
        num_classes: Value of void in the predicted maps.
    """

    def __init__(
        self, prefix: str, *, categories: Sequence[dict], num_classes: int
    ) -> None:
        self.prefix = prefix
        self.categories = categories
        self.num_classes = num_classes
        self._owners: dict[str, Any] = {}

    def write(
        self, pred: np.ndarray, rows: np.ndarray, *, img_id: Any, file_name: str
    ) -> dict:
        """Write one png.

        Args:
            pred: Predicted segments, ``(H, W)``.
            rows: Category row of each distinct value of ``pred``, -1 = void, ``(P,)``.
            img_id: Id of the image in the dataset's json.
            file_name: Name of the png inside the folder.

        Returns:
            The image's entry in the json.

        Raises:
            ValueError: Another image was written to the same png; names both.
        """
        self._own(file_name, img_id)
        ids, segments = panoptic_segments(
            pred, rows, categories=self.categories, num_classes=self.num_classes
        )
        path = osp.join(f'{self.prefix}.panoptic', file_name)
        write_atomically(path, encode_segment_ids(ids))
        return dict(image_id=img_id, segments_info=segments, file_name=file_name)

    def finish(self, entries: Sequence[dict]) -> str:
        """Write the json of all images, of other processes too, and return its path."""
        for entry in entries:
            self._own(entry['file_name'], entry['image_id'])
        path = f'{self.prefix}.panoptic.json'
        dump(dict(annotations=list(entries)), path)
        return path

    def _own(self, file_name: str, img_id: Any) -> None:
        owner = self._owners.setdefault(file_name, img_id)
        if owner != img_id:
            raise ValueError(
                f'{self.prefix}.panoptic/{file_name} would hold the results of two '
                f'images, those with ids {owner!r} and {img_id!r}: give the metric the '
                'ann_file that lists both, for names of its images[].file_name such as '
                "'a/f0.png' and 'b/f0.png'"
            )
