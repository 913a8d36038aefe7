"""Boxes and masks of things, for models that detect instances."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from mmpisr.registry import TRANSFORMS

from .loading import segment_numbers


def boxes_of(masks: np.ndarray) -> np.ndarray:
    """The tightest boxes around masks.

    Args:
        masks: ``(S, H, W)`` bool, none of them empty.

    Returns:
        (x1, y1, x2, y2) in pixels, the last two exclusive, ``(S, 4)`` float32.
    """
    boxes = np.zeros((len(masks), 4), dtype=np.float32)
    for box, mask in zip(boxes, masks, strict=True):
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


@TRANSFORMS.register_module()
class InstancesFromSegments(BaseTransform):
    """Cut the things out of the segment map, as mmdet's detectors want them.

    Stands after the geometric transforms and before :class:`PackPanopticInputs`: what
    a crop has left of a segment is what its box and mask show, and a segment that it
    has left nothing of is gone.

    Required keys: ``gt_seg_map`` and ``segments``, see :class:`LoadPanopticSegments`.
    Does nothing where there is no annotation.

    Added keys, for S things: ``gt_bboxes`` ``(S, 4)`` (x1, y1, x2, y2),
    ``gt_bboxes_labels`` ``(S,)`` int64, ``gt_masks`` of S bitmaps,
    ``gt_ignore_flags`` ``(S,)`` bool, true for a crowd.
    """

    def transform(self, results: dict) -> dict:
        """Add boxes, labels, masks and flags."""
        if results.get('gt_seg_map') is None:
            return results
        index_map = segment_numbers(results)
        segments = results['segments']
        visible = np.bincount(index_map.ravel(), minlength=len(segments['labels']) + 1)
        things = np.flatnonzero(segments['is_thing'] & (visible[1:] > 0))
        masks = index_map == (things + 1)[:, None, None]  # (S, H, W)

        results['gt_bboxes'] = HorizontalBoxes(torch.from_numpy(boxes_of(masks)))
        results['gt_bboxes_labels'] = segments['labels'][things]
        results['gt_ignore_flags'] = segments['is_crowd'][things]
        results['gt_masks'] = BitmapMasks(masks.astype(np.uint8), *index_map.shape)
        return results

    def __repr__(self) -> str:
        """Show the name; there are no arguments."""
        return f'{type(self).__name__}()'
