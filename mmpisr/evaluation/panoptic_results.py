"""Write panoptic predictions as COCO's result format: a json and a folder of pngs."""

import os.path as osp
from collections.abc import Sequence
from typing import Any

import mmcv
import numpy as np
from mmengine.fileio import dump

from .overlaps import count_pixels


class PanopticResultWriter:
    """Writes ``{prefix}.panoptic/*.png`` and then ``{prefix}.panoptic.json``.

    Segment ids are the values of the predicted map (mmdet's encoding), void is 0. A
    segment whose value is 0 (class 0 without instance, where no class is a thing) is
    written with the value of void, which no segment has.

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
        """
        values, areas = count_pixels(pred)
        ids = np.where(values == 0, self.num_classes, values)
        ids[rows < 0] = 0
        colours = ids.astype('<u4')[np.searchsorted(values, pred)]  # (H, W)
        bgr = colours.view(np.uint8).reshape(*pred.shape, 4)[..., 2::-1]
        mmcv.imwrite(
            np.ascontiguousarray(bgr), osp.join(f'{self.prefix}.panoptic', file_name)
        )
        segments = [
            dict(
                id=int(number),
                category_id=self.categories[row]['id'],
                area=int(area),
                isthing=self.categories[row]['isthing'],
            )
            for number, area, row in zip(ids, areas, rows, strict=True)
            if row >= 0
        ]
        return dict(image_id=img_id, segments_info=segments, file_name=file_name)

    def finish(self, entries: Sequence[dict]) -> str:
        """Write the json of all images and return its path."""
        path = f'{self.prefix}.panoptic.json'
        dump(dict(annotations=list(entries)), path)
        return path
