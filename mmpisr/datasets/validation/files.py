"""Read one image and its segment png, and compare both with the json.

Runs in worker processes: arguments and results are small and can be pickled.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.fileio import get

from ..image_file import FRAMES, INCOMPLETE, SAY, decode_image, label_frame, read_head
from ..segment_png import PNG_END, decode_segment_ids, id_difference, segment_extents
from ..transforms.load_image import LoadImage
from .problems import Problem, error, warning

JPEG, PNG = b'\xff\xd8', b'\x89PNG'
JPEG_SCAN, JPEG_END = b'\xff\xda', b'\xff\xd9'


@dataclass
class FileJob:
    """One image to read; a path is None where nothing is to be read."""

    json_path: str
    image: Mapping[str, Any]  # its entry in the json
    image_path: str | None
    png_path: str | None
    segments: Sequence[Mapping[str, Any]]  # entries with an id and a box
    backend_args: dict | None
    orientation: str | None  # stated frame of the labels
    loader: LoadImage | None  # of the pipeline; None = unknown

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in the json."""
        return self.image['height'], self.image['width']

    @property
    def source(self) -> str:
        """The entry, for messages."""
        return f'of image {self.image["id"]!r} in {self.json_path}'


@dataclass
class FileFacts:
    """What was found, as far as it could be read."""

    problems: list[Problem] = field(default_factory=list)
    pixels: dict[int, int] = field(default_factory=dict)  # by segment id; 0 = void
    digests: dict[str, bytes] = field(default_factory=dict)  # of 'bytes' and 'pixels'


def read_files(job: FileJob) -> FileFacts:
    """Read and compare; what is wrong is in the result, nothing is raised."""
    facts = FileFacts()
    if job.image_path is not None:
        named = f'images[].file_name {job.image["file_name"]!r}'
        content = _content(job.image_path, named, job, facts)
        if content is not None:
            _read_image(job.image_path, content, job, facts)
    if job.png_path is not None:
        content = _content(job.png_path, 'annotations[].file_name', job, facts)
        if content is not None:
            _read_png(job.png_path, content, job, facts)
    return facts


def _content(path: str, named: str, job: FileJob, facts: FileFacts) -> bytes | None:
    try:
        return get(path, backend_args=job.backend_args)
    except Exception as reason:  # each backend has its own
        absent = isinstance(reason, FileNotFoundError | KeyError)
        kind = 'missing files' if absent else 'unreadable files'
        what = 'does not exist' if absent else f'cannot be read ({reason})'
        message = f'{what}, but {named} {job.source} names it'
        facts.problems.append(error(path, kind, message))
        return None


def _read_image(path: str, content: bytes, job: FileJob, facts: FileFacts) -> None:
    facts.digests['bytes'] = _digest(content)
    kind, report = 'unreadable images', error
    try:
        if not content or not is_complete_image(content):
            raise ValueError(INCOMPLETE.format(len(content)))
        head = read_head(content)
        fits = job.size in map(head.size_in, FRAMES)
        kind = 'EXIF orientation' if fits else 'size of the image'
        frame = label_frame(head, job.size, job.orientation, job.source)
        if head.tag > 1 and job.orientation is None:
            message = f'orientation {head.tag}, the size is that of {frame!r}; {SAY}'
            told = warning(path, f'EXIF orientation, labels {frame}', message)
            facts.problems.append(told)
        kind = 'unreadable images'
        pixels = decode_image(content, head, frame)
        kind, report = 'depth of the image', error if job.loader else warning
        (job.loader or LoadImage()).scale(pixels)
        facts.digests['pixels'] = _digest(pixels)
    except ValueError as reason:
        facts.problems.append(report(path, kind, str(reason)))


def _read_png(path: str, content: bytes, job: FileJob, facts: FileFacts) -> None:
    try:
        ids = decode_segment_ids(content)
    except ValueError as cut:
        facts.problems.append(error(path, 'unreadable pngs', str(cut)))
        return
    if ids.shape != job.size:
        message = f'(height, width) of the png is {ids.shape}, {job.source} {job.size}'
        facts.problems.append(error(path, 'size of the png', message))
    values, areas, boxes = (array.tolist() for array in segment_extents(ids))
    facts.pixels = dict(zip(values, areas, strict=True))
    box_of = dict(zip(values, boxes, strict=True))
    listed = {segment['id']: segment for segment in job.segments}
    difference = id_difference(set(facts.pixels), set(listed))
    if difference:
        facts.problems.append(error(path, 'ids in png and json', difference))
    for number, segment in listed.items():
        if number in facts.pixels:
            _compare_extents(path, segment, box_of[number], facts)


def _compare_extents(
    path: str, segment: Mapping, box: list[int], facts: FileFacts
) -> None:
    area, place = facts.pixels[segment['id']], f'id {segment["id"]}'
    if segment.get('area', area) != area:
        message = f'{place} has {area} pixels in the png, area {segment["area"]}'
        facts.problems.append(error(path, 'areas', f'{message} in the json'))
    if list(segment['bbox']) != box:
        message = (
            f'{place} has its box (left, top, width, height) at {box} in the png, '
            f'bbox {list(segment["bbox"])} in the json'
        )
        facts.problems.append(error(path, 'boxes', message))


def is_complete_image(content: bytes) -> bool:
    """Whether a jpeg or png has its end; other formats count as complete.

    A jpeg's scan never contains the marker of its end, but a thumbnail before it may.
    """
    if content.startswith(JPEG):
        return content.rfind(JPEG_END) > content.rfind(JPEG_SCAN)
    return not content.startswith(PNG) or PNG_END in content


def _digest(content: bytes | np.ndarray) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()  # type: ignore[arg-type]
