"""Mask average precision of the things as COCO defines it, with hotcoco as the engine.

hotcoco equals pycocotools (a test compares them), is written in Rust and neither
writes files nor prints unless asked. Only run-length codes are kept per image.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from hotcoco import COCO, COCOeval, mask

from mmpisr.datasets.segment_png import row_runs

from ..scored_image import ScoredImage
from .measure import Measure

AP_KEYS = dict(AP='AP', AP50='AP50', AP75='AP75', APs='AP_s', APm='AP_m', APl='AP_l')


class CocoMaskAP(Measure):
    """``AP``, ``AP50``, ``AP75``, ``AP_s``, ``AP_m``, ``AP_l`` of predicted instances.

    Args:
        is_thing: Which categories are things, bool, ``(C,)``.
    """

    name = 'coco_ap'

    def __init__(self, is_thing: np.ndarray) -> None:
        self.is_thing = is_thing

    def of_image(self, image: ScoredImage) -> dict[str, Any]:
        """Run-length code the true and the predicted instances."""
        pred, truth = image.instances, image.truth.segments
        things = self.is_thing[truth.categories]
        if pred.segments is None:
            masks = encode_masks(pred.masks())
        else:
            masks = encode_segments(image.panoptic, pred.segments)
        return dict(
            truth=dict(
                masks=encode_segments(image.truth.ids, truth.ids[things]),
                categories=truth.categories[things],
                is_crowd=truth.is_crowd[things],
            ),
            pred=dict(masks=masks, categories=pred.categories, scores=pred.scores),
        )

    def summarise(self, records: Sequence[dict[str, Any]]) -> dict[str, float]:
        """Match the instances of all images; percent."""
        truths = [record['truth'] for record in records]
        preds = [record['pred'] for record in records]
        return mask_average_precision(truths, preds, self.is_thing)


def encode_masks(masks: np.ndarray) -> list[dict]:
    """Run-length code a stack of boolean masks, ``(S, H, W)``; S may be zero."""
    return mask.encode(masks.transpose(1, 2, 0)) if len(masks) else []


def encode_segments(ids: np.ndarray, values: np.ndarray) -> list[dict]:
    """Run-length code the segments of a map ``(H, W)`` without making their masks.

    Args:
        ids: Integers, ``(H, W)``.
        values: The segments' values, ``(S,)``; one that is not in the map is empty.
    """
    columns = ids.T.reshape(1, -1)  # codes go down the columns
    starts, lengths = row_runs(columns)
    owners = columns[0, starts]
    codes = []
    for value in values:
        runs = np.flatnonzero(owners == value)
        edges = np.stack([starts[runs], starts[runs] + lengths[runs]], axis=1)
        counts = np.diff(edges.ravel(), prepend=0, append=ids.size)
        if counts[-1] == 0:  # encode_masks ends with the last run, too
            counts = counts[:-1]
        codes.append(dict(size=[*ids.shape], counts=counts.tolist()))
    return mask.fr_py_objects(codes, *ids.shape) if codes else []


def mask_average_precision(
    truths: Sequence[dict], preds: Sequence[dict], is_thing: np.ndarray
) -> dict[str, float]:
    """Average precision as COCO defines it, over the thing categories.

    Args:
        truths: Per image ``masks``, ``categories`` and ``is_crowd``.
        preds: Per image, in the same order, ``masks``, ``categories`` and ``scores``.
        is_thing: Which categories are things, bool, ``(C,)``.

    Returns:
        ``AP``, ``AP50``, ``AP75``, ``AP_s``, ``AP_m``, ``AP_l`` in percent. NaN where
        no such truth exists (-1 in pycocotools).
    """
    listed = [
        dict(
            entry,
            id=number,
            iscrowd=int(crowd),
            area=int(mask.area(entry['segmentation'])),
            bbox=mask.to_bbox(entry['segmentation']).tolist(),
        )
        for number, (entry, crowd) in enumerate(_entries(truths, 'is_crowd'), start=1)
    ]
    images = [dict(id=index + 1) for index in range(len(truths))]
    rows = np.flatnonzero(is_thing)
    categories = [dict(id=int(row) + 1, name=str(row)) for row in rows]
    truth = COCO(dict(images=images, categories=categories, annotations=listed))
    detections = [
        dict(entry, score=float(score)) for entry, score in _entries(preds, 'scores')
    ]
    evaluation = COCOeval(truth, truth.load_res(detections), 'segm')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summary_lines()  # `summarize` without its print
    found = evaluation.get_results()
    return {
        key: 100.0 * found[name] if found[name] >= 0 else float('nan')
        for name, key in AP_KEYS.items()
    }


def _entries(
    images: Sequence[Mapping], field: str
) -> Iterator[tuple[dict[str, Any], Any]]:
    """COCO's entry of each mask, ids being indices plus one, and its ``field``."""
    for index, image in enumerate(images, start=1):
        for code, row, value in zip(
            image['masks'], image['categories'], image[field], strict=True
        ):
            entry = dict(image_id=index, category_id=int(row) + 1, segmentation=code)
            yield entry, value
