"""The panoptic truth of one data sample, from a json or from the sample itself."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .overlaps import count_pixels
from .panoptic_annotations import PanopticAnnotations, segments_of_sample
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
        self._pngs = PngPrefetcher(annotations.paths(), backend_args=backend_args)

    def __call__(self, sample: Mapping) -> ImageTruth:
        """Return the truth of the image ``sample['img_id']``.

        Raises:
            ValueError: The json does not know the image, or its png cannot be read.
        """
        position = self._annotations.position(sample['img_id'])
        return ImageTruth(
            path=self._pngs.paths[position],
            ids=self._pngs.read(position),
            segments=self._annotations.segments(position),
        )


def truth_of_sample(
    sample: Mapping, is_thing: np.ndarray, backend_args: dict | None = None
) -> ImageTruth:
    """Read the truth that a data sample refers to.

    Args:
        sample: ``img_id``, ``seg_map_path`` and ``segments_info`` of mmdet's dataset.
        is_thing: Which labels are things, bool, ``(N,)``.
        backend_args: Storage backend of mmengine's file functions.

    Raises:
        ValueError: The sample lacks a field, or its png cannot be read.
    """
    for field in ('seg_map_path', 'segments_info'):
        if field not in sample:
            raise ValueError(
                f'image {sample["img_id"]!r}: without ann_file its data sample must '
                f"have '{field}' (name it in the packing's meta_keys), not only "
                f'{[*sample]}'
            )
    path = sample['seg_map_path']
    ids = read_segment_ids(path, backend_args)
    areas = dict(zip(*count_pixels(ids), strict=True))
    segments = segments_of_sample(sample['segments_info'], is_thing, areas)
    return ImageTruth(path, ids, segments)
