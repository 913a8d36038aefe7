"""Pack images and panoptic ground truth for a model."""

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs
from mmengine.structures import PixelData

from mmpisr.registry import TRANSFORMS

from ..pipeline_checks import check_packed
from ..validation.json_checks import IGNORE_LABEL
from .loading import segment_numbers

META_KEYS = (*PackDetInputs().meta_keys, 'frame')


def semantic_map(index_map: np.ndarray, segments: dict) -> np.ndarray:
    """Look up class labels.

    Args:
        index_map: ``(H, W)``, 0 = void and i + 1 = the i-th segment.
        segments: Has ``labels`` ``(S,)``.

    Returns:
        ``(H, W)`` int64 labels, 255 for void. A crowd keeps its class, as in
        detectron2's Panoptic-DeepLab: its class is known, only its instances are not.
    """
    labels = segments['labels'].astype(np.int64)
    return np.append(IGNORE_LABEL, labels).take(index_map)


def panoptic_map(index_map: np.ndarray, segments: dict, num_classes: int) -> np.ndarray:
    """Look up mmdet's panoptic encoding.

    Args:
        index_map: ``(H, W)``, 0 = void and i + 1 = the i-th segment.
        segments: Has ``labels``, ``is_thing`` and ``is_crowd``, each ``(S,)``.
        num_classes: The value of void and crowd.

    Returns:
        ``(H, W)`` int64: label + 1000 x instance, which counts the things that are no
        crowd from 1 in the order of the segments; 0 for stuff.
    """
    # Imported here, because it imports 40 modules.
    from mmdet.evaluation.functional import INSTANCE_OFFSET

    counted = segments['is_thing'] & ~segments['is_crowd']
    instances = np.where(counted, np.cumsum(counted), 0)
    codes = segments['labels'] + INSTANCE_OFFSET * instances
    codes = np.where(segments['is_crowd'], num_classes, codes)
    return np.append(num_classes, codes).astype(np.int64).take(index_map)


@TRANSFORMS.register_module()
class PackPanopticInputs(PackDetInputs):
    """mmdet's packing, with panoptic ground truth instead of an index map.

    The data sample gets, where segments were loaded, in the frame of ``gt_seg_map``:
    ``gt_sem_seg.sem_seg`` ``(1, H, W)`` int64 labels, 255 = void (a crowd keeps its
    class); ``gt_panoptic_seg.sem_seg`` ``(1, H, W)`` int64 in mmdet's encoding, void
    and crowd = number of classes; and, where targets were made,
    ``gt_panoptic_deeplab``, see :class:`PanopticDeepLabTargets`.

    Args:
        meta_keys: Results to keep as meta information.

    Raises:
        ValueError: A step has padded the image, or moved it without the segments.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(meta_keys=tuple(meta_keys))

    def transform(self, results: dict) -> dict:
        """Pack the image, boxes if any, and the panoptic ground truth."""
        results.setdefault('scale_factor', (1.0, 1.0))  # mmdet's heads divide by it
        if results.get('img_path') is None:  # mmdet's inferencer then numbers results
            results.pop('img_path', None)
        has_segments = results.get('gt_seg_map') is not None
        index_map = segment_numbers(results) if has_segments else None
        check_packed(results, index_map)
        results.pop('gt_seg_map', None)
        packed = super().transform(results)
        if index_map is None:
            return packed

        sample, segments = packed['data_samples'], results['segments']
        codes = panoptic_map(index_map, segments, results['num_classes'])
        sample.gt_sem_seg = _pixel_data(sem_seg=semantic_map(index_map, segments))
        sample.gt_panoptic_seg = _pixel_data(sem_seg=codes)
        if 'gt_panoptic_deeplab' in results:
            sample.gt_panoptic_deeplab = _pixel_data(**results['gt_panoptic_deeplab'])
        return packed


def _pixel_data(**maps: np.ndarray) -> PixelData:
    """Tensors of ``(C, H, W)``; a map of ``(H, W)`` gets one channel."""
    arrays = {name: m if m.ndim == 3 else m[None] for name, m in maps.items()}
    return PixelData(
        **{n: torch.from_numpy(np.ascontiguousarray(a)) for n, a in arrays.items()}
    )
