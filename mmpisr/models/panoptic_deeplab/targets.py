"""Training targets of a batch, padded to the size of its maps."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor


class TargetMaps(NamedTuple):
    """Targets at input resolution; padding has no weight."""

    labels: Tensor
    """Classes, int64, 255 where ignored, ``(B, H, W)``."""
    semantic_weights: Tensor
    """Factor of the semantic loss, ``(B, H, W)``."""
    center: Tensor
    """Heatmap of instance centres, 0 to 1, ``(B, 1, H, W)``."""
    center_weights: Tensor
    """Factor of the centre loss, ``(B, 1, H, W)``."""
    offset: Tensor
    """From each pixel to its centre, (dy, dx) in pixels, ``(B, 2, H, W)``."""
    offset_weights: Tensor
    """Factor of the offset loss, ``(B, 1, H, W)``."""


def pad_to(values: Tensor, size: tuple[int, int], value: float = 0) -> Tensor:
    """Pad ``(C, H, W)`` at the bottom and right, as images are padded.

    Raises:
        ValueError: If ``values`` is larger than ``size``.
    """
    height, width = values.shape[-2:]
    if height > size[0] or width > size[1]:
        raise ValueError(
            f'a target of {height} x {width} pixels does not fit maps of '
            f'{size[0]} x {size[1]} pixels'
        )
    return F.pad(values, (0, size[1] - width, 0, size[0] - height), value=value)


def stack_targets(
    data_samples: Sequence[DetDataSample], size: tuple[int, int], *, ignore_index: int
) -> TargetMaps:
    """Collect ``gt_sem_seg`` and ``gt_panoptic_deeplab`` of a batch.

    Args:
        data_samples: One for each image, their maps no larger than ``size``.
        size: (height, width) of the padded input.
        ignore_index: Label of the padding.

    Raises:
        ValueError: If a sample has no ``gt_panoptic_deeplab``.
    """
    for sample in data_samples:
        if 'gt_panoptic_deeplab' not in sample:
            raise ValueError(
                'a data sample has no gt_panoptic_deeplab, but only '
                f'{sorted(sample.keys())}: mmpisr.PanopticDeepLabTargets must be in '
                'the training pipeline'
            )
    labels = [
        pad_to(sample.gt_sem_seg.sem_seg, size, ignore_index) for sample in data_samples
    ]

    def stack(name: str) -> Tensor:
        maps = [getattr(sample.gt_panoptic_deeplab, name) for sample in data_samples]
        return torch.stack([pad_to(m, size) for m in maps])

    return TargetMaps(
        labels=torch.cat(labels).long(),  # (B, H, W)
        semantic_weights=stack('semantic_weights').squeeze(1),  # (B, H, W)
        center=stack('center'),
        center_weights=stack('center_weights'),
        offset=stack('offset'),
        offset_weights=stack('offset_weights'),
    )
