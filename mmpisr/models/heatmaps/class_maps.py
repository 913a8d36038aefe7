"""Maps of thing classes, where no semantic head tells one thing from another."""

from torch import Tensor


def class_maps(heatmaps: Tensor, labels: Tensor, *, num_classes: int) -> Tensor:
    """At each pixel the highest heatmap of the instances of a class.

    Args:
        heatmaps: Of instance slots, in [0, 1], zero for an empty slot,
            ``(B, K, H, W)``.
        labels: Their thing classes, of an empty slot any, ``(B, K)`` int64.
        num_classes: Thing classes T.

    Returns:
        In [0, 1], zero for a class that no slot has, ``(B, T, H, W)``.
    """
    batch, _, height, width = heatmaps.shape
    index = labels[:, :, None, None].expand_as(heatmaps)
    empty = heatmaps.new_zeros(batch, num_classes, height, width)
    return empty.scatter_reduce(1, index, heatmaps, 'amax')
