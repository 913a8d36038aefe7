"""What Panoptic-DeepLab's heads say about every pixel."""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor


def resize_map(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample ``(B, C, h, w)`` bilinearly to (height, width)."""
    return F.interpolate(values, size, mode='bilinear', align_corners=False)


def resize_offset(offset: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample (dy, dx) in pixels, ``(B, 2, h, w)``, and rescale it per axis."""
    old = offset.shape[2:]
    scale = offset.new_tensor([size[0] / old[0], size[1] / old[1]])
    return resize_map(offset, size) * scale.view(1, 2, 1, 1)


class PanopticDeepLabMaps(NamedTuple):
    """Predictions of a batch; `forward` gives them at the features' stride.

    The three are always in one frame: ``offset`` counts pixels of the very maps that
    it is stored with, so resizing the maps scales it too.
    """

    sem_logits: Tensor
    """Class logits, things first, ``(B, N, H, W)``."""
    center: Tensor
    """Heatmap of instance centres, about 0 to 1, ``(B, 1, H, W)``."""
    offset: Tensor
    """From each pixel to its instance's centre, (dy, dx), ``(B, 2, H, W)``."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps."""
        height, width = self.sem_logits.shape[-2:]
        return height, width

    def image(self, index: int) -> 'PanopticDeepLabMaps':
        """One image as a batch of one."""
        return PanopticDeepLabMaps(*(m[index : index + 1] for m in self))

    def float(self) -> 'PanopticDeepLabMaps':
        """The maps as float32, whatever autocast made of them."""
        return PanopticDeepLabMaps(*(m.float() for m in self))

    def crop(self, size: tuple[int, int]) -> 'PanopticDeepLabMaps':
        """Keep the top left (height, width), which drops padding."""
        return PanopticDeepLabMaps(*(m[..., : size[0], : size[1]] for m in self))

    def flip(self, axes: tuple[int, ...]) -> 'PanopticDeepLabMaps':
        """Mirror along rows (-2), columns (-1) or both; offsets change sign there."""
        if not axes:
            return self
        signs = [-1 if axis in axes else 1 for axis in (-2, -1)]
        return PanopticDeepLabMaps(
            self.sem_logits.flip(axes),
            self.center.flip(axes),
            self.offset.flip(axes) * self.offset.new_tensor(signs).view(1, 2, 1, 1),
        )

    def resize(self, size: tuple[int, int]) -> 'PanopticDeepLabMaps':
        """Resample bilinearly to (height, width), offsets rescaled per axis."""
        if size == self.size:
            return self
        return PanopticDeepLabMaps(
            resize_map(self.sem_logits, size),
            resize_map(self.center, size),
            resize_offset(self.offset, size),
        )

    def upsample(self, factor: int) -> 'PanopticDeepLabMaps':
        """Enlarge by a whole factor, from the features' stride to the input."""
        return self.resize((self.size[0] * factor, self.size[1] * factor))
