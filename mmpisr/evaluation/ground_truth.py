"""The panoptic truth of one data sample, from a json or from the sample itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmpisr.datasets.classes import merged_ids
from mmpisr.datasets.segment_png import replace_ids

from .overlaps import count_pixels
from .panoptic_annotations import (
    PanopticAnnotations,
    pack_segments,
    segments_of_sample,
)
from .panoptic_quality import VOID, Segments
from .png_prefetcher import PngPrefetcher
from .segment_png import read_segment_ids


class ImageTruth(NamedTuple):
    """One image's truth.

    Attributes:
        path: The png it was read from.
        ids: Segment ids, ``VOID`` where nothing is annotated, ``(H, W)``.
        segments: What the ids mean.
    """

    path: str
    ids: np.ndarray
    segments: Segments

    def classes(self, values: np.ndarray) -> np.ndarray:
        """Return the category row of each id, -1 for void, same shape.

        A crowd has the category of its members.
        """
        order = np.argsort(self.segments.ids)
        rows = self.segments.categories[order]
        places = np.searchsorted(self.segments.ids[order], values)
        return np.where(values == VOID, -1, np.append(rows, -1)[places])

    def are_instances(self, values: np.ndarray, is_thing: np.ndarray) -> np.ndarray:
        """Say which ids are single things: neither stuff nor crowd nor void.

        Args:
            values: Ids, any shape.
            is_thing: Which categories are things, bool, ``(C,)``.
        """
        single = is_thing[self.segments.categories] & ~self.segments.is_crowd
        return np.isin(values, self.segments.ids[single])


class AnnotatedTruth:
    """Finds the truth of data samples in a json and its folder of pngs.

    Args:
        annotations: The json.
        backend_args: Storage backend of mmengine's file functions.
    """

    def __init__(
        self, annotations: PanopticAnnotations, *, backend_args: dict | None = None
    ) -> None:
        self._annotations = annotations
        self._row_of: list[int | None] | None = None
        self._num_things = 0
        self._pngs = PngPrefetcher(annotations.paths(), backend_args=backend_args)

    def choose(self, row_of: Sequence[int | None], num_things: int) -> None:
        """Give the truth in chosen and merged classes from now on.

        Args:
            row_of: Row of each category of the json; None = void.
            num_things: Rows from here on are stuff, one segment an image.
        """
        self._row_of, self._num_things = [*row_of], num_things

    def __call__(self, sample: Mapping) -> ImageTruth:
        """Return the truth of the image ``sample['img_id']``.

        Raises:
            ValueError: The json does not know the image, or its png cannot be read.
        """
        position = self._annotations.position(sample['img_id'])
        path = self._pngs.paths[position]
        ids = self._pngs.read(position)
        segments = self._annotations.segments(position)
        if self._row_of is None:
            return ImageTruth(path, ids, segments)
        rows = [self._row_of[category] for category in segments.categories]
        pairs = zip(segments.ids.tolist(), rows, segments.is_crowd, strict=True)
        merged = merged_ids(pairs, self._num_things)
        return ImageTruth(
            path, replace_ids(ids, merged), _merge(segments, rows, merged)
        )


def truth_of_sample(
    sample: Mapping,
    is_thing: np.ndarray,
    backend_args: dict | None = None,
    *,
    chosen: bool = False,
) -> ImageTruth:
    """Read the truth that a data sample refers to.

    Args:
        sample: ``img_id``, ``seg_map_path`` and ``segments_info`` of mmdet's dataset.
        is_thing: Which labels are things, bool, ``(N,)``.
        backend_args: Storage backend of mmengine's file functions.
        chosen: The dataset has chosen its classes, so there must be ``merged_ids``.

    Raises:
        ValueError: The sample lacks a field, or its png cannot be read.
    """
    for field in ('seg_map_path', 'segments_info', *(['merged_ids'] * chosen)):
        if field not in sample:
            raise ValueError(
                f'image {sample["img_id"]!r}: without ann_file its data sample must '
                f"have '{field}' (name it in the packing's meta_keys), not only "
                f'{[*sample]}'
            )
    path = sample['seg_map_path']
    merged = sample.get('merged_ids', {})
    ids = replace_ids(read_segment_ids(path, backend_args), merged)
    areas = dict(zip(*count_pixels(ids), strict=True))
    infos = [info for info in sample['segments_info'] if info['id'] not in merged]
    return ImageTruth(path, ids, segments_of_sample(infos, is_thing, areas))


def _merge(
    segments: Segments, rows: Sequence[int | None], merged: Mapping[int, int]
) -> Segments:
    """Leave out the segments that became others, and give these their pixels."""
    kept = [i for i, number in enumerate(segments.ids.tolist()) if number not in merged]
    area_of: Counter = Counter()
    for number, area in zip(segments.ids.tolist(), segments.areas, strict=True):
        area_of[merged.get(number, number)] += int(area)
    return pack_segments(
        ids=segments.ids[kept].tolist(),
        categories=[rows[i] for i in kept],
        areas=[area_of[number] for number in segments.ids[kept].tolist()],
        is_crowd=segments.is_crowd[kept].tolist(),
    )
