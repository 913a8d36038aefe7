"""Cut a big image into overlapping tiles, and join their panoptic maps.

Two thing segments of neighbouring tiles are one object if they have the same class and
share more than half of their union where the tiles overlap (the rule by which PQ
matches segments, so that each has one partner at most). Stuff of one class is one
segment by its encoding. A pixel in an overlap is taken from the tile whose border is
farther away.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mmpisr.datasets.segment_png import replace_ids
from mmpisr.evaluation.overlaps import thing_ious

MIN_IOU = 0.5
Window = tuple[slice, slice]  # rows and columns in the image


class TileGrid:
    """Equal tiles over an image, evenly spaced, row by row.

    Args:
        size: Height and width of the image, pixels.
        tile: Side of a tile; a shorter side of the image is not cut.
        overlap: Smallest overlap of neighbours.

    Attributes:
        windows: Place of each tile.
        owned: Part of the image that is taken from each tile; they do not overlap.
        neighbours: Pairs of tiles that touch the same seam.

    Raises:
        ValueError: Nothing or more than half of a tile would overlap.
    """

    def __init__(self, size: Sequence[int], tile: int, overlap: int) -> None:
        if not 0 < overlap <= tile // 2:
            raise ValueError(
                f'overlap is {overlap} and tile {tile} pixels; the overlap must be at '
                'least 1, and at most half of a tile'
            )
        rows, cols = (_spans(length, tile, overlap) for length in size)
        self.size = tuple(size)
        self.windows: list[Window] = [(r.whole, c.whole) for r in rows for c in cols]
        self.owned: list[Window] = [(r.owned, c.owned) for r in rows for c in cols]
        index = np.arange(len(self.windows)).reshape(len(rows), len(cols))
        beside = zip(index[:, :-1].flat, index[:, 1:].flat, strict=True)
        below = zip(index[:-1].flat, index[1:].flat, strict=True)
        self.neighbours = [(int(a), int(b)) for a, b in (*beside, *below)]


def join_maps(maps: Sequence[np.ndarray], grid: TileGrid) -> np.ndarray:
    """Join the panoptic maps of tiles.

    Args:
        maps: One a tile, in mmdet's encoding: values from ``INSTANCE_OFFSET`` on are
            things, ``(h, w)``.
        grid: Where the tiles are.

    Returns:
        In the same encoding with new numbers of instances, ``(H, W)`` int64.
    """
    things = [
        (tile, int(value))
        for tile, panoptic in enumerate(maps)
        for value in np.unique(panoptic)
        if value >= INSTANCE_OFFSET
    ]
    number = {thing: i for i, thing in enumerate(things)}
    pairs = [
        (number[a, first], number[b, second])
        for a, b in grid.neighbours
        for first, second in _same_objects(maps, grid.windows, a, b)
    ]
    numbers: list[dict[int, int]] = [{} for _ in maps]
    groups = _groups(len(things), pairs) + 1
    for (tile, value), group in zip(things, groups.tolist(), strict=True):
        numbers[tile][value] = value % INSTANCE_OFFSET + INSTANCE_OFFSET * group
    joined = np.empty(grid.size, dtype=np.int64)
    for panoptic, new, window, owned in zip(
        maps, numbers, grid.windows, grid.owned, strict=True
    ):
        joined[owned] = replace_ids(panoptic[_inside(owned, window)], new)
    return joined


class _Span(NamedTuple):
    whole: slice
    owned: slice


def _spans(length: int, tile: int, overlap: int) -> list[_Span]:
    """Tiles along one side, and the part that each owns: up to the middle of a seam."""
    steps = max(0, -(-(length - tile) // (tile - overlap)))
    starts = [i * (length - tile) // steps if steps else 0 for i in range(steps + 1)]
    ends = [min(start + tile, length) for start in starts]
    inner = zip(starts[1:], ends[:-1], strict=True)
    seams = [0, *((start + end) // 2 for start, end in inner), length]
    return [
        _Span(slice(start, end), slice(low, high))
        for start, end, low, high in zip(
            starts, ends, seams[:-1], seams[1:], strict=True
        )
    ]


def _inside(part: Window, window: Window) -> Window:
    """A part of the image in the frame of a tile."""
    rows, cols = (
        slice(p.start - w.start, p.stop - w.start)
        for p, w in zip(part, window, strict=True)
    )
    return rows, cols


def _same_objects(
    maps: Sequence[np.ndarray], windows: Sequence[Window], a: int, b: int
) -> Iterator[tuple[int, int]]:
    """Values of the things of tile ``a`` and of tile ``b`` that are one object."""
    rows, cols = (
        slice(max(p.start, q.start), min(p.stop, q.stop))
        for p, q in zip(windows[a], windows[b], strict=True)
    )
    first, second = (maps[i][_inside((rows, cols), windows[i])] for i in (a, b))
    for iou, value, other in thing_ious(first, second):
        if iou > MIN_IOU:
            yield value, other


def _groups(count: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Number of the connected group of each of ``count`` nodes, ``(count,)``."""
    rows, cols = np.array(pairs, dtype=int).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows)), (rows, cols)), shape=(count, count))
    return connected_components(graph, directed=False)[1]
