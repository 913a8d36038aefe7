"""Instance heatmaps from centres and offsets (Panoptic-DeepLab; Sec. 3.2, note 2)."""

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmpisr.registry import MODELS


class CenterPeaks(NamedTuple):
    """The best peaks of a centre map, best first."""

    points: Tensor
    """(y, x) in pixels of the map, arbitrary in an empty slot, ``(B, K, 2)``."""
    scores: Tensor
    """Value of the map at the peak, zero in an empty slot, ``(B, K)``."""
    valid: Tensor
    """False marks an empty slot, ``(B, K)`` bool."""


def center_peaks(
    center: Tensor,
    pixel_mask: Tensor | None = None,
    *,
    num_peaks: int,
    nms_kernel: int = 3,
    threshold: float = 0.0,
) -> CenterPeaks:
    """Find the K highest local maxima of a centre map.

    Args:
        center: Centre confidence, ``(B, 1, H, W)``.
        pixel_mask: False marks padding, where peaks are ignored, ``(B, H, W)`` bool;
            None: there is no padding.
        num_peaks: Slots K; with fewer than K peaks the last slots stay empty.
        nms_kernel: A peak is the maximum of a window of this side, odd, in pixels.
        threshold: A peak is higher than this.
    """
    batch, _, height, width = center.shape
    scores = center.detach().float()
    if pixel_mask is not None:
        scores = scores.masked_fill(~pixel_mask.unsqueeze(1), -torch.inf)
    is_peak = local_maxima(scores, nms_kernel=nms_kernel, threshold=threshold)
    scores = torch.where(is_peak, scores, -torch.inf).flatten(1)  # (B, HW)

    found = min(num_peaks, height * width)
    best, index = scores.topk(found, dim=1)  # (B, k)
    best = F.pad(best, (0, num_peaks - found), value=-torch.inf)  # (B, K)
    index = F.pad(index, (0, num_peaks - found))
    valid = best.isfinite()
    points = torch.stack([index // width, index % width], dim=-1)  # (B, K, 2)
    return CenterPeaks(points, torch.where(valid, best, 0), valid)


def local_maxima(scores: Tensor, *, nms_kernel: int, threshold: float) -> Tensor:
    """Mark the pixels that are the maximum of a window around them.

    The maximum of windows grows by doubling, which is several times as fast as
    ``max_pool2d`` on a CPU.

    Args:
        scores: ``(..., H, W)``.
        nms_kernel: Side of the window, odd, in pixels.
        threshold: A maximum is higher than this.

    Returns:
        Bool, ``(..., H, W)``.
    """
    margin = nms_kernel // 2
    largest = F.pad(scores, (margin,) * 4, value=-torch.inf)
    for axis in (-1, -2):
        side = 1
        while side < nms_kernel:
            step = min(side, nms_kernel - side)
            rest = largest.shape[axis] - step
            largest = largest.narrow(axis, 0, rest).maximum(
                largest.narrow(axis, step, rest)
            )
            side += step
    return (scores == largest) & (scores > threshold)


def regression_heatmaps(points: Tensor, offset: Tensor, *, radius: float) -> Tensor:
    """Heatmap of each peak, high where pixels regress to a centre near it (note 2).

    ``max(0, 1 - distance(peak, pixel + offset(pixel)) / radius)``

    Args:
        points: Peaks (y, x) in pixels of the map, ``(B, K, 2)``.
        offset: (dy, dx) from a pixel to its centre in pixels of the map,
            ``(B, 2, H, W)``.
        radius: Distance in pixels at which a heatmap reaches zero.

    Returns:
        Heatmaps in [0, 1], float32, ``(B, K, H, W)``.
    """
    height, width = offset.shape[2:]
    rows = torch.arange(height, device=offset.device).view(-1, 1).expand(-1, width)
    columns = torch.arange(width, device=offset.device).expand(height, -1)
    reached = offset.float() + torch.stack([rows, columns])  # (B, 2, H, W)

    distance = torch.cdist(
        points.float(),
        reached.flatten(2).transpose(1, 2),
        compute_mode='donot_use_mm_for_euclid_dist',
    )  # (B, K, HW)
    return (1 - distance / radius).relu().unflatten(2, (height, width))


@MODELS.register_module()
class CenterOffsetHeatmaps(BaseModule):
    """Heatmaps of the K best centre peaks, times the probability of being a thing.

    Differs from the paper: heatmaps are multiplied by the summed probability of the
    thing classes, which passes a gradient; ``suppress='binary'`` is the paper's binary
    map of the pixels whose most probable class is a thing. Heatmaps are zero beyond the
    radius, where the paper's formula is negative.

    Args:
        suppress: How stuff is suppressed, ``'soft'`` or ``'binary'``.
        radius: Distance at which a heatmap reaches zero, in pixels of the feature
            map. Not given in the paper; chosen here.
        nms_kernel: See :func:`center_peaks`.
        threshold: See :func:`center_peaks`.

    Raises:
        ValueError: ``suppress`` is unknown, ``radius`` is not positive, or
            ``nms_kernel`` is even.
    """

    def __init__(
        self,
        *,
        suppress: str = 'soft',
        radius: float = 8.0,
        nms_kernel: int = 3,
        threshold: float = 0.0,
    ) -> None:
        super().__init__()
        if suppress not in ('soft', 'binary'):
            raise ValueError(f"suppress must be 'soft' or 'binary', got {suppress!r}")
        if radius <= 0:
            raise ValueError(f'radius must be positive, got {radius}')
        if nms_kernel % 2 == 0:
            raise ValueError(f'nms_kernel must be odd, got {nms_kernel}')
        self.suppress = suppress
        self.radius = radius
        self.nms_kernel = nms_kernel
        self.threshold = threshold

    def forward(
        self,
        center: Tensor,
        offset: Tensor,
        sem_probs: Tensor,
        pixel_mask: Tensor | None = None,
        *,
        num_things: int,
        num_instances: int,
    ) -> tuple[Tensor, Tensor]:
        """Make the heatmaps.

        Args:
            center: Centre confidence, ``(B, 1, H, W)``.
            offset: (dy, dx) from a pixel to its centre in pixels of this map,
                ``(B, 2, H, W)``.
            sem_probs: Class probabilities, things first, ``(B, N, H, W)``.
            pixel_mask: False marks padding, ``(B, H, W)`` bool; None: there is none.
            num_things: Thing classes N_th.
            num_instances: Slots K.

        Returns:
            Heatmaps in [0, 1], best slot first, ``(B, K, H, W)``, zero in an empty
            slot; and False for each empty slot, ``(B, K)`` bool.
        """
        peaks = center_peaks(
            center,
            pixel_mask,
            num_peaks=num_instances,
            nms_kernel=self.nms_kernel,
            threshold=self.threshold,
        )
        nowhere = offset.new_full((), -1e6)  # beyond the radius of any pixel
        points = torch.where(peaks.valid.unsqueeze(2), peaks.points, nowhere)
        heatmaps = regression_heatmaps(points, offset, radius=self.radius)

        things = self._thing_map(sem_probs, num_things)  # (B, 1, H, W)
        return heatmaps * things, peaks.valid

    def _thing_map(self, sem_probs: Tensor, num_things: int) -> Tensor:
        if self.suppress == 'binary':
            return (sem_probs.argmax(dim=1, keepdim=True) < num_things).float()
        return sem_probs[:, :num_things].float().sum(dim=1, keepdim=True)
