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
    """(y, x) in pixels of the map, ``(B, K, 2)``."""
    scores: Tensor
    """Confidence at the peak, zero for an empty slot, ``(B, K)``."""
    valid: Tensor
    """False marks an empty slot, ``(B, K)`` bool."""


def center_peaks(
    center: Tensor, *, num_peaks: int, nms_kernel: int = 3, threshold: float = 0.0
) -> CenterPeaks:
    """Find the best local maxima of a centre map.

    Args:
        center: Centre confidence, ``(B, 1, H, W)``.
        num_peaks: Slots K; those beyond the peaks found stay empty.
        nms_kernel: Odd side, in pixels, of the window in which a peak is the maximum.
        threshold: A peak is above it.

    Returns:
        The K best peaks; the points of empty slots are meaningless.
    """
    batch, _, height, width = center.shape
    scores = center.detach().float()
    largest = F.max_pool2d(scores, nms_kernel, stride=1, padding=nms_kernel // 2)
    is_peak = (scores == largest) & (scores > threshold)
    scores = torch.where(is_peak, scores, -torch.inf).flatten(1)  # (B, HW)

    found = min(num_peaks, height * width)
    best, index = scores.topk(found, dim=1)  # (B, k)
    best = F.pad(best, (0, num_peaks - found), value=-torch.inf)  # (B, K)
    index = F.pad(index, (0, num_peaks - found))
    valid = best.isfinite()
    points = torch.stack([index // width, index % width], dim=-1)  # (B, K, 2)
    return CenterPeaks(points, torch.where(valid, best, 0), valid)


def regression_heatmaps(
    points: Tensor, offset: Tensor, *, radius: float, eps: float = 1e-6
) -> Tensor:
    """How well the centre that a pixel regresses to agrees with each peak (note 2).

    ``1 - distance(peak, pixel + offset(pixel)) / radius``, not below zero.

    Args:
        points: Peaks (y, x) in pixels of the map, ``(B, K, 2)``.
        offset: From a pixel to its centre, (dy, dx) in pixels of the map,
            ``(B, 2, H, W)``.
        radius: Distance in pixels at which a heatmap reaches zero.
        eps: Added to the squared distance, so that its root has a gradient at zero.

    Returns:
        Heatmaps in [0, 1], float32, ``(B, K, H, W)``.
    """
    height, width = offset.shape[2:]
    rows = torch.arange(height, device=offset.device).view(1, -1, 1)
    columns = torch.arange(width, device=offset.device).view(1, 1, -1)
    to_y = (offset[:, 0].float() + rows).unsqueeze(1)  # (B, 1, H, W)
    to_x = (offset[:, 1].float() + columns).unsqueeze(1)

    at_y, at_x = points.float()[:, :, :, None, None].unbind(2)  # (B, K, 1, 1)
    distance = ((to_y - at_y) ** 2 + (to_x - at_x) ** 2 + eps).sqrt()  # (B, K, H, W)
    return (1 - distance / radius).clamp(min=0)


@MODELS.register_module()
class CenterOffsetHeatmaps(BaseModule):
    """The K best peaks as heatmaps, times the probability of being a thing.

    Differs from the paper: the stuff is suppressed by the summed probability of the
    thing classes and not by a binary map, so that a gradient passes.

    Args:
        radius: Distance at which a heatmap reaches zero, in pixels of the feature
            map. Our choice; not public.
        nms_kernel: Window of the non-maximum suppression, in the same pixels.
        threshold: A peak is above it.
    """

    def __init__(
        self, *, radius: float = 8.0, nms_kernel: int = 3, threshold: float = 0.0
    ) -> None:
        super().__init__()
        if radius <= 0:
            raise ValueError(f'radius must be positive, got {radius}')
        if nms_kernel % 2 == 0:
            raise ValueError(f'nms_kernel must be odd, got {nms_kernel}')
        self.radius = radius
        self.nms_kernel = nms_kernel
        self.threshold = threshold

    def forward(
        self, center: Tensor, offset: Tensor, thing_probs: Tensor, *, num_instances: int
    ) -> tuple[Tensor, Tensor]:
        """Make the heatmaps.

        Args:
            center: Centre confidence, ``(B, 1, H, W)``.
            offset: (dy, dx) from a pixel to its centre in pixels of this map,
                ``(B, 2, H, W)``.
            thing_probs: Probability that a pixel is a thing, ``(B, H, W)``.
            num_instances: Slots K.

        Returns:
            Heatmaps in [0, 1], best slot first, ``(B, K, H, W)``, zero for an empty
            slot; and which slots are filled, ``(B, K)`` bool.
        """
        peaks = center_peaks(
            center,
            num_peaks=num_instances,
            nms_kernel=self.nms_kernel,
            threshold=self.threshold,
        )
        heatmaps = regression_heatmaps(peaks.points, offset, radius=self.radius)
        heatmaps = heatmaps * thing_probs.float().unsqueeze(1)  # (B, K, H, W)
        return heatmaps * peaks.valid[:, :, None, None], peaks.valid
