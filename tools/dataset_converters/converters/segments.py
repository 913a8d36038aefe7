"""One image of a conversion: its job, and its segments compared with the png."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine import fileio

from mmpisr.datasets.segment_png import (
    decode_segment_ids,
    id_difference,
    segment_extents,
)

VOID = 0


class ImageJob(NamedTuple):
    """One image to convert; can be pickled for other processes.

    ``segments`` returns ids ``(H, W)``, 0 = void, and for each segment ``id``,
    ``category_id`` and ``iscrowd``. ``inputs`` is everything that it reads: paths of
    files, or bytes. If they change, the image is converted again.
    """

    image: dict[str, Any]  # COCO image entry: id, file_name, height, width
    png_name: str  # inside the split's folder of pngs
    segments: Callable[[], tuple[np.ndarray, list[dict]]]
    inputs: tuple[str | Path | bytes, ...] = ()
    outputs: tuple[Path, ...] = ()  # files that ``segments`` writes

    def digest(self) -> str:
        """Digest of image entry and inputs, without the image's id."""
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
    extents = _extents(path, ids, image)
    listed = [info['id'] for info in infos]
    if len(set(listed)) != len(listed):
        raise ValueError(f'{path}: segment ids occur twice in {sorted(listed)}')
    difference = id_difference({*extents}, {*listed})
    if difference:
        raise ValueError(f'{path}: {difference}')
    for info in infos:
        if info['category_id'] not in category_ids:
            raise ValueError(
                f'{path}: segment {info["id"]} has category_id {info["category_id"]}, '
                f'known are {sorted(category_ids)}'
            )
    return [dict(info, **extents[info['id']]) for info in infos]


def check_png(folder: Path, pair: tuple[Mapping, Mapping]) -> None:
    """Read a png back and compare it with its image and annotation.

    A png that differs is removed, so that the next run makes it again.

    Raises:
        ValueError: The png is truncated, of another size, or has other segments.
    """
    image, annotation = pair
    path = folder / annotation['file_name']
    written = {
        segment['id']: dict(area=segment['area'], bbox=segment['bbox'])
        for segment in annotation['segments_info']
    }
    try:
        found = _extents(path, decode_segment_ids(path.read_bytes()), image)
        if found != written:
            raise ValueError(f'segments are {found}, written were {written}')
    except ValueError as error:
        path.unlink()
        text = str(error).removeprefix(f'{path}: ')
        advice = 'removed it, run the same command again'
        raise ValueError(f'{path}: {text}; {advice}') from error


def _extents(
    path: Path, ids: np.ndarray, image: Mapping[str, Any]
) -> dict[int, dict[str, Any]]:
    """Area (pixels) and box (left, top, width, height) of each segment by its id."""
    size = image['height'], image['width']
    if ids.shape != size:
        raise ValueError(
            f'{path}: segments are {ids.shape} (height, width), but image '
            f'{image["id"]!r} is {size}'
        )
    values, areas, boxes = (part.tolist() for part in segment_extents(ids))
    measures = zip(values, areas, boxes, strict=True)
    return {v: dict(area=area, bbox=box) for v, area, box in measures if v != VOID}
