"""The panoptic truth of one image: the ids of a png and the segments they mean."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from mmengine.fileio import get
from numpy.typing import ArrayLike

from mmpisr.datasets.segment_png import decode_segment_ids, id_difference, replace_ids

from .overlaps import Overlaps, count_overlaps, count_pixels

VOID = 0


class Segments(NamedTuple):
    """The segments that an annotation lists for one image, S of them.

    Attributes:
        ids: Values in the id map, int64, never ``VOID``, ``(S,)``.
        categories: Row of each segment's category in the json, ``(S,)``.
        areas: Annotated pixels, ``(S,)``.
        is_crowd: Whether a segment is several objects (``iscrowd``), bool, ``(S,)``.
    """

    ids: np.ndarray
    categories: np.ndarray
    areas: np.ndarray
    is_crowd: np.ndarray

    @classmethod
    def of(
        cls,
        ids: ArrayLike,
        categories: ArrayLike,
        areas: ArrayLike,
        is_crowd: ArrayLike,
    ) -> 'Segments':
        """Make arrays of sequences of equal length, which may be empty."""
        whole, crowd = partial(np.asarray, dtype=np.int64), np.asarray(is_crowd, bool)
        return cls(whole(ids), whole(categories), whole(areas), crowd)


class ImageTruth(NamedTuple):
    """One image's truth.

    Attributes:
        path: The png it was read from.
        ids: Segment ids, ``VOID`` where nothing is annotated, ``(H, W)``.
        segments: The category, area and crowd flag of each id.
    """

    path: str
    ids: np.ndarray
    segments: Segments

    def compare(self, pred: np.ndarray) -> Overlaps:
        """Count the pixels of ids (rows) and of values of a predicted map (columns).

        Args:
            pred: Integers, ``(H, W)``.

        Raises:
            ValueError: The map has another size, or png and json list different ids.
        """
        if self.ids.shape != pred.shape:
            raise ValueError(
                f'{self.path}: the truth has {self.ids.shape} pixels (height, width), '
                f'the prediction {pred.shape}'
            )
        overlaps = count_overlaps(self.ids, pred)
        check_ids(self.path, overlaps.first, self.segments.ids)
        return overlaps

    def classes(self, values: np.ndarray) -> np.ndarray:
        """Return the category row of each id, -1 for void, same shape.

        A crowd has the category of its members.
        """
        order = np.argsort(self.segments.ids)
        rows = self.segments.categories[order]
        places = np.searchsorted(self.segments.ids[order], values)
        return np.where(values == VOID, -1, np.append(rows, -1)[places])

    def are_instances(self, values: np.ndarray, is_thing: np.ndarray) -> np.ndarray:
        """Return which ids are single things: neither stuff nor crowd nor void.

        Args:
            values: Ids, any shape.
            is_thing: Which categories are things, bool, ``(C,)``.
        """
        single = is_thing[self.segments.categories] & ~self.segments.is_crowd
        return np.isin(values, self.segments.ids[single])


def read_segment_ids(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a png of segment ids, ``R + 256 G + 65536 B``.

    Args:
        path: The file; any path that mmengine's file functions read.
        backend_args: Storage backend of mmengine's file functions.

    Returns:
        Ids, int32, ``(H, W)``.

    Raises:
        ValueError: The file is missing, truncated or no image.
    """
    try:
        return decode_segment_ids(get(path, backend_args=backend_args))
    except FileNotFoundError as error:
        raise ValueError(f'{path}: this ground-truth png does not exist') from error
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def check_ids(path: str, png_ids: np.ndarray, json_ids: np.ndarray) -> None:
    """Refuse a png and a json that do not list the same segments.

    Raises:
        ValueError: Names the file, and the ids that only one of both has.
    """
    difference = id_difference({*png_ids.tolist()}, {*json_ids.tolist()})
    if difference:
        raise ValueError(f'{path}: {difference}')


def truth_of_sample(
    sample: Mapping,
    is_thing: np.ndarray,
    backend_args: dict | None = None,
    *,
    chosen: bool = False,
) -> ImageTruth:
    """Read the truth that a data sample refers to.

    Args:
        sample: ``img_id``, ``seg_map_path`` and ``segments_info`` of mmdet's dataset:
            dicts with ``id``, ``category`` (a label) and ``is_thing``, which is false
            for stuff and for crowds.
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
    path, merged = sample['seg_map_path'], sample.get('merged_ids', {})
    ids = replace_ids(read_segment_ids(path, backend_args), merged)
    infos = [info for info in sample['segments_info'] if info['id'] not in merged]
    numbers = [info['id'] for info in infos]
    segments = Segments.of(
        ids=numbers,
        categories=[info['category'] for info in infos],
        areas=areas_of(ids, numbers),
        is_crowd=[is_thing[i['category']] and not i['is_thing'] for i in infos],
    )
    return ImageTruth(path, ids, segments)


def areas_of(ids: np.ndarray, wanted: Sequence[int]) -> list[int]:
    """Pixels of each wanted id in a map ``(H, W)``."""
    values, areas = count_pixels(ids)
    area_of = dict(zip(values.tolist(), areas.tolist(), strict=True))
    return [area_of.get(number, 0) for number in wanted]
