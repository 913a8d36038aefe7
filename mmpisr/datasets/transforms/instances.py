"""Boxes and masks of things, for models that detect instances."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from mmpisr.registry import TRANSFORMS

from .loading import segment_numbers


@TRANSFORMS.register_module()
class InstancesFromSegments(BaseTransform):
    """Add boxes and masks of the things in the segment map, as mmdet's detectors need.

    Put it after the geometric transforms and before :class:`PackPanopticInputs`: boxes
    and masks are those of the cropped segments, without the ones cropped off.

    Required keys: ``gt_seg_map`` and ``segments``, see :class:`LoadPanopticSegments`.
    Does nothing where there is no annotation.

    Added keys, for S things: ``gt_bboxes`` ``(S, 4)`` (x1, y1, x2, y2), pixels,
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

        bitmaps = BitmapMasks(masks.astype(np.uint8), *index_map.shape)
        results['gt_bboxes'] = HorizontalBoxes.from_instance_masks(bitmaps)
        results['gt_bboxes_labels'] = segments['labels'][things]
        results['gt_ignore_flags'] = segments['is_crowd'][things]
        results['gt_masks'] = bitmaps
        return results

    def __repr__(self) -> str:
        """Show the name; there are no arguments."""
        return f'{type(self).__name__}()'
