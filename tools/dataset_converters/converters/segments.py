"""One image: its job, the entries of its segments, and the comparison with the png."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine import fileio

from mmpisr.datasets.segment_png import decode_segment_ids, segment_extents

VOID = 0


class ImageJob(NamedTuple):
    """One image to convert; picklable, so that other processes can do it.

    ``segments`` gives ids ``(H, W)``, 0 = void, and for each segment ``id``,
    ``category_id`` and ``iscrowd``. ``inputs`` is all that it reads: paths of files,
    or bytes; where these change, the image is converted again.
    """

    image: dict[str, Any]  # COCO image entry: id, file_name, height, width
    png_name: str  # inside the split's folder of pngs
    segments: Callable[[], tuple[np.ndarray, list[dict]]]
    inputs: tuple[str | Path | bytes, ...] = ()
    outputs: tuple[Path, ...] = ()  # files that ``segments`` writes

    def digest(self) -> str:
        """Digest of all that decides the segments, but not of the id."""
        image = {key: value for key, value in self.image.items() if key != 'id'}
        total = hashlib.sha256(json.dumps(image, sort_keys=True).encode())
        for given in self.inputs:
            content = given if isinstance(given, bytes) else fileio.get(str(given))
            total.update(len(content).to_bytes(8, 'big') + content)
        return total.hexdigest()[:16]


def complete_infos(
    path: Path,
    ids: np.ndarray,
    infos: Sequence[Mapping[str, Any]],
    image: Mapping[str, Any],
    category_ids: set[int],
) -> list[dict[str, Any]]:
    """Add ``area`` and ``bbox`` to each segment; ``path`` is for messages.

    Raises:
        ValueError: Map and image differ in size, map and entries in ids, an id occurs
            twice, or a category is unknown.
    """
    _refuse_size(path, ids.shape, image)
    listed, extents = [info['id'] for info in infos], _extents(ids)
    if len(set(listed)) != len(listed):
        raise ValueError(f'{path}: segment ids occur twice in {sorted(listed)}')
    if set(listed) != set(extents):
        raise ValueError(
            f'{path}: ids listed but not in the map {sorted(set(listed) - {*extents})}'
            f', in the map but not listed {sorted({*extents} - set(listed))}'
        )
    for info in infos:
        if info['category_id'] not in category_ids:
            raise ValueError(
                f'{path}: segment {info["id"]} has category_id {info["category_id"]}, '
                f'known are {sorted(category_ids)}'
            )
    return [dict(info, **extents[info['id']]) for info in infos]


def refuse_damaged(folder: Path, pair: tuple[Mapping, Mapping]) -> None:
    """Read a png back and compare it with its image and annotation.

    A png that differs is removed, so that the next run makes it again.

    Raises:
        ValueError: The png is truncated, of another size, or has other segments.
    """
    image, annotation = pair
    path = folder / annotation['file_name']
    try:
        ids = decode_segment_ids(path.read_bytes())
        _refuse_size(path, ids.shape, image)
        found, written = (
            _extents(ids),
            {
                segment['id']: dict(area=segment['area'], bbox=segment['bbox'])
                for segment in annotation['segments_info']
            },
        )
        if found != written:
            raise ValueError(f'segments are {found}, written were {written}')
    except ValueError as error:
        path.unlink()
        raise ValueError(
            f'{path}: {error}; removed it, run the same command again'
        ) from error


def _refuse_size(path: Path, shape: tuple, image: Mapping[str, Any]) -> None:
    size = image['height'], image['width']
    if tuple(shape) != size:
        raise ValueError(
            f'{path}: segments are {tuple(shape)} (height, width), but image '
            f'{image["id"]!r} is {size}'
        )


def _extents(ids: np.ndarray) -> dict[int, dict[str, Any]]:
    """Area (pixels) and box (left, top, width, height) of each segment by its id."""
    values, areas, boxes = (part.tolist() for part in segment_extents(ids))
    return {
        value: dict(area=area, bbox=box)
        for value, area, box in zip(values, areas, boxes, strict=True)
        if value != VOID
    }
