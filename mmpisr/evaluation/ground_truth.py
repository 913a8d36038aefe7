"""The panoptic truth of one data sample, from a json or from the sample itself."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .category_table import CategoryTable
from .overlaps import count_pixels
from .panoptic_annotations import PanopticAnnotations, segments_of_sample
from .panoptic_quality import VOID, Segments
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
        """Return the category row of each id, -1 for void and crowds, same shape."""
        order = np.argsort(self.segments.ids)
        rows = np.where(self.segments.is_crowd, -1, self.segments.categories)[order]
        places = np.searchsorted(self.segments.ids[order], values)
        return np.where(values == VOID, -1, np.append(rows, -1)[places])


def truth_of_sample(
    sample: Mapping,
    annotations: PanopticAnnotations | None,
    table: CategoryTable,
    backend_args: dict | None = None,
) -> ImageTruth:
    """Read the truth of one data sample.

    Args:
        sample: ``img_id``; without annotations ``seg_map_path`` and ``segments_info``.
        annotations: The json, or ``None`` to use what the sample carries.
        table: Tells things from stuff where the sample is used.
        backend_args: Storage backend of mmengine's file functions.

    Returns:
        Path, ids and segments.

    Raises:
        ValueError: The sample is unknown, lacks a field, or its png cannot be read.
    """
    if annotations is not None:
        path, segments = annotations.find(sample['img_id'])
        return ImageTruth(path, read_segment_ids(path, backend_args), segments)
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
    segments = segments_of_sample(sample['segments_info'], table.is_thing, areas)
    return ImageTruth(path, ids, segments)
