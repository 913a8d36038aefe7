"""Training targets of Panoptic-DeepLab: centre heatmap, offsets and weights.

Equal to those of detectron2's project (a test compares them with recorded ones), but
computed from runs of pixels along rows instead of a mask per segment.
"""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmpisr.registry import TRANSFORMS

from ..segment_png import row_runs
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
    starts, lengths = row_runs(index_map)
    owners = index_map.ravel()[starts].astype(np.intp)  # (R,)
    rows, columns = np.divmod(starts, max(1, index_map.shape[1]))
    # whole numbers: pixels, their rows and their columns
    of_runs = lengths, rows * lengths, (2 * columns + lengths - 1) * lengths // 2
    sums = [np.bincount(owners, one, len(is_thing) + 1)[1:] for one in of_runs]  # (S,)
    centers = np.stack(sums[1:], axis=1) / np.maximum(sums[0], 1)[:, None]  # (S, 2)
    present, small = sums[0] > 0, sums[0] < small_instance_area

    def spread(void: float, values: np.ndarray) -> np.ndarray:
        per_segment = np.append(void, values).astype(np.float32)
        return np.repeat(per_segment[owners], lengths).reshape(index_map.shape)

    of_things = np.append(False, is_thing)[owners]  # (R,)
    offset = _offset(
        centers[owners[of_things] - 1],
        starts[of_things],
        lengths[of_things],
        index_map.shape,
    )
    weights = np.where(is_thing & small, small_instance_weight, 1)
    return dict(
        center=draw_centers(centers[is_thing & present], index_map.shape, sigma),
        offset=offset,
        semantic_weights=spread(1, weights),
        center_weights=spread(0, ~is_crowd),
        offset_weights=spread(0, is_thing & ~is_crowd),
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


def _offset(
    centers: np.ndarray, starts: np.ndarray, lengths: np.ndarray, shape: tuple
) -> np.ndarray:
    """Offsets in runs of things to their centres ``(R, 2)``, else 0, ``(2, H, W)``."""
    rows, columns = np.divmod(starts, max(1, shape[1]))
    ends = np.cumsum(lengths)
    steps = np.arange(ends[-1] if len(ends) else 0)  # (M,)
    columns = steps + np.repeat(columns - ends + lengths, lengths)  # (M,)
    pixels = columns + np.repeat(rows * shape[1], lengths)  # (M,)
    offset = np.zeros((2, *shape), dtype=np.float32)
    offset[0].reshape(-1)[pixels] = np.repeat(centers[:, 0] - rows, lengths)
    offset[1].reshape(-1)[pixels] = np.repeat(centers[:, 1], lengths) - columns
    return offset


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
