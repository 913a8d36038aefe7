"""Mask AP of things as COCO defines it; ``mask_ap.py`` has the engine."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..mask_ap import encode_masks, encode_segments, mask_average_precision
from ..scored_image import ScoredImage
from .measure import Measure


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
        pred = image.instances
        return dict(
            truth=encode_segments(image.truth.ids, image.truth.segments, self.is_thing),
            pred=dict(
                masks=encode_masks(pred.masks()),
                categories=pred.categories,
                scores=pred.scores,
            ),
        )

    def summarise(self, records: Sequence[dict[str, Any]]) -> dict[str, float]:
        """Match the instances of all images; percent."""
        truths = [record['truth'] for record in records]
        preds = [record['pred'] for record in records]
        return mask_average_precision(truths, preds, self.is_thing)
