"""Read one image and its segment png, and compare both with the json.

A check runs in a worker process, so it is small and can be pickled.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.fileio import get

from ..image_file import (
    FRAMES,
    INCOMPLETE,
    SAY,
    decode_image,
    label_frame,
    read_head,
    to_8_bits,
)
from ..segment_png import decode_segment_ids, id_difference, segment_extents
from ..transforms.load_image import LoadImage
from .problems import Problem, error, warning


@dataclass
class FileCheck:
    """Files of one image to compare with the json, and what is found in them."""

    json_path: str
    image: Mapping[str, Any]  # its entry in the json
    image_path: str | None  # None: not to be read
    png_path: str | None
    segments: Sequence[Mapping[str, Any]]  # entries with an id and a box
    backend_args: dict | None
    orientation: str | None  # stated frame of the labels
    loader: LoadImage | None  # of the pipeline; None = unknown
    problems: list[Problem] = field(default_factory=list)
    pixels: dict[int, int] = field(default_factory=dict)  # by segment id; 0 = void
    digests: dict[str, bytes] = field(default_factory=dict)  # of 'bytes' and 'pixels'

    def __post_init__(self) -> None:
        """Take what messages need from the entry."""
        self.size = self.image['height'], self.image['width']
        self.source = f'of image {self.image["id"]!r} in {self.json_path}'

    def run(self) -> 'FileCheck':
        """Read and compare; errors become problems. Returns itself."""
        image_name = f'images[].file_name {self.image["file_name"]!r}'
        for path, name, read in (
            (self.image_path, image_name, self._read_image),
            (self.png_path, 'annotations[].file_name', self._read_png),
        ):
            if path is None:
                continue
            try:
                content = get(path, backend_args=self.backend_args)
            except Exception as reason:  # each backend has its own
                absent = isinstance(reason, FileNotFoundError | KeyError)
                kind = 'missing files' if absent else 'unreadable files'
                what = 'does not exist' if absent else f'cannot be read ({reason})'
                message = f'{what}, but {name} {self.source} names it'
                self.problems.append(error(path, kind, message))
            else:
                read(path, content)
        return self

    def _read_image(self, path: str, content: bytes) -> None:
        self.digests['bytes'] = _digest(content)
        kind, report = 'unreadable images', error
        try:
            if not content:
                raise ValueError(INCOMPLETE.format(0))
            head = read_head(content)
            fits = self.size in map(head.size_in, FRAMES)
            kind = 'EXIF orientation' if fits else 'size of the image'
            frame = label_frame(head, self.size, self.orientation, self.source)
            if head.tag > 1 and self.orientation is None:
                kind = f'EXIF orientation, labels {frame}'
                found = f'orientation {head.tag}, the size is that of {frame!r}'
                self.problems.append(warning(path, kind, f'{found}; {SAY}'))
            kind = 'unreadable images'
            pixels = decode_image(content, head, frame)
            kind, report = 'depth of the image', error if self.loader else warning
            scale = self.loader.scale if self.loader else to_8_bits
            scale(pixels)
            self.digests['pixels'] = _digest(pixels)
        except ValueError as reason:
            self.problems.append(report(path, kind, str(reason)))

    def _read_png(self, path: str, content: bytes) -> None:
        def add(kind: str, message: str) -> None:
            self.problems.append(error(path, kind, message))

        try:
            ids = decode_segment_ids(content)
        except ValueError as reason:
            return add('unreadable pngs', str(reason))
        if ids.shape != self.size:
            found = f'(height, width) of the png is {ids.shape}'
            add('size of the png', f'{found}, {self.source} {self.size}')
        values, areas, boxes = (array.tolist() for array in segment_extents(ids))
        self.pixels = dict(zip(values, areas, strict=True))
        box_of = dict(zip(values, boxes, strict=True))
        listed = {segment['id']: segment for segment in self.segments}
        difference = id_difference(set(self.pixels), set(listed))
        if difference:
            add('ids in png and json', difference)
        for number in filter(self.pixels.get, listed):
            area, box, segment = self.pixels[number], box_of[number], listed[number]
            if segment.get('area', area) != area:
                found = f'id {number} has {area} pixels in the png'
                add('areas', f'{found}, area {segment["area"]} in the json')
            if list(segment['bbox']) != box:
                found = f'id {number} has its box (left, top, width, height) at {box}'
                add('boxes', f'{found} in the png, bbox {segment["bbox"]} in the json')


def _digest(content: bytes | np.ndarray) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()  # type: ignore[arg-type]
