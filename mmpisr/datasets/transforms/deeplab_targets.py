"""Training targets of Panoptic-DeepLab: centre heatmap, offsets and weights.

Equal to those of detectron2's project (a test compares them with recorded ones), but
computed in one pass over the thing pixels instead of one per segment.
"""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmpisr.registry import TRANSFORMS

from .loading import segment_numbers


def panoptic_deeplab_targets(
    index_map: np.ndarray,
    *,
    is_thing: np.ndarray,
    is_crowd: np.ndarray,
    sigma: float = 8,
    small_instance_area: int = 4096,
    small_instance_weight: float = 3,
) -> dict[str, np.ndarray]:
    """Compute the targets of one image, in its pixels; offsets are (y, x).

    A crowd of things has a centre and offsets too, as in detectron2; its weights of
    zero keep them out of the losses.

    Args:
        index_map: ``(H, W)``, 0 = void and i + 1 = the i-th segment.
        is_thing: By class, ``(S,)`` bool.
        is_crowd: ``(S,)`` bool.
        sigma: Of the Gaussian at each centre, pixels.
        small_instance_area: Things with fewer pixels get the weight below.
        small_instance_weight: Semantic weight of the pixels of small things.

    Returns:
        Float32 maps: ``center (H, W)`` in [0, 1]; ``offset (2, H, W)``, centre of mass
        minus pixel, 0 outside things; ``semantic_weights (H, W)``, 1 even for void;
        ``center_weights (H, W)``, 0 for void and crowd; ``offset_weights (H, W)``, 1
        for things that are no crowd.
    """
    index = index_map.astype(np.intp)
    areas = np.bincount(index.ravel(), minlength=len(is_thing) + 1)[1:]
    centers, offset = _centers_and_offset(index, is_thing)
    small = is_thing & (areas < small_instance_area)

    return dict(
        center=draw_centers(centers[is_thing & (areas > 0)], index.shape, sigma),
        offset=offset,
        semantic_weights=_look_up(1, np.where(small, small_instance_weight, 1), index),
        center_weights=_look_up(0, ~is_crowd, index),
        offset_weights=_look_up(0, is_thing & ~is_crowd, index),
    )


def draw_centers(
    centers: np.ndarray, shape: tuple[int, ...], sigma: float
) -> np.ndarray:
    """Draw a Gaussian at each rounded centre; where they overlap, the larger wins.

    Args:
        centers: (y, x) in pixels, ``(K, 2)``.
        shape: Height and width of the map.
        sigma: Standard deviation, pixels; cut off after 3 sigma + 1.

    Returns:
        Heatmap, ``(H, W)`` float32 in [0, 1]; zeros without centres.
    """
    radius = int(3 * sigma + 1)
    reach = np.arange(-radius, radius + 1) ** 2
    patch = np.exp(-(reach[:, None] + reach) / (2 * sigma**2)).astype(np.float32)

    padded = np.zeros((shape[0] + 2 * radius, shape[1] + 2 * radius), np.float32)
    for y, x in np.rint(centers).astype(int):
        window = padded[y : y + 2 * radius + 1, x : x + 2 * radius + 1]
        np.maximum(window, patch, out=window)
    return padded[radius : radius + shape[0], radius : radius + shape[1]]


def _centers_and_offset(
    index: np.ndarray, is_thing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centres of mass ``(S, 2)`` of things, and offsets to them ``(2, H, W)``."""
    ys, xs = np.nonzero(np.append(False, is_thing).take(index))
    owners = index[ys, xs] - 1
    areas = np.bincount(owners, minlength=len(is_thing))
    sums = [np.bincount(owners, at, minlength=len(is_thing)) for at in (ys, xs)]
    centers = np.stack(sums, axis=1) / np.maximum(areas, 1)[:, None]

    offset = np.zeros((2, *index.shape), dtype=np.float32)
    offset[0, ys, xs] = centers[owners, 0] - ys
    offset[1, ys, xs] = centers[owners, 1] - xs
    return centers, offset


def _look_up(void: float, per_segment: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.append(void, per_segment).astype(np.float32).take(index)


@TRANSFORMS.register_module()
class PanopticDeepLabTargets(BaseTransform):
    """Add :func:`panoptic_deeplab_targets`; put it after the geometric transforms.

    Required keys: ``gt_seg_map`` and ``segments`` of ``LoadPanopticSegments``.

    Added keys: ``gt_panoptic_deeplab``, a dict of float32 maps in the frame of
    ``gt_seg_map``.

    Args:
        sigma: Of the Gaussian at each centre, pixels.
        small_instance_area: Things with fewer pixels get the weight below.
        small_instance_weight: Semantic weight of the pixels of small things.
    """

    def __init__(
        self,
        sigma: float = 8,
        *,
        small_instance_area: int = 4096,
        small_instance_weight: float = 3,
    ) -> None:
        if sigma <= 0:
            raise ValueError(f'sigma must be positive, got {sigma}')
        self.options: dict[str, Any] = dict(
            sigma=sigma,
            small_instance_area=small_instance_area,
            small_instance_weight=small_instance_weight,
        )

    def transform(self, results: dict) -> dict:
        """Add the targets."""
        segments = results['segments']
        results['gt_panoptic_deeplab'] = panoptic_deeplab_targets(
            segment_numbers(results),
            is_thing=segments['is_thing'],
            is_crowd=segments['is_crowd'],
            **self.options,
        )
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}({self.options})'
