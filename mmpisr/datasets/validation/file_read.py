"""Read one image and its segment png, and compare both with the json.

Runs in worker processes: arguments and results are small and can be pickled.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.fileio import get

from ..image_file import (
    FRAMES,
    INCOMPLETE,
    SAY,
    decode_image,
    label_frame,
    read_head,
)
from ..json_checks.problem import Problem, error, warning
from ..segment_png import decode_segment_ids, segment_extents
from ..transforms.load_image import LoadImage
from .png_segments import png_segment_problems

JPEG, PNG = b'\xff\xd8', b'\x89PNG'
SCAN, JPEG_END, PNG_END = b'\xff\xda', b'\xff\xd9', b'IEND'


class FileJob(NamedTuple):
    """One image to read.

    Attributes:
        json_path: For the messages.
        image: Its entry in the json.
        image_path: None = do not read.
        png_path: None = do not read.
        segments: Entries of its segments with an id and a box.
        backend_args: Of the file backend.
        orientation: Stated frame of the labels.
        loader: Of the pipeline; None = unknown.
    """

    json_path: str
    image: Mapping[str, Any]
    image_path: str | None
    png_path: str | None
    segments: Sequence[Mapping[str, Any]]
    backend_args: dict | None
    orientation: str | None
    loader: LoadImage | None


class FileFacts(NamedTuple):
    """What was found.

    Attributes:
        path: The image.
        problems: In image and png.
        pixels: Of the png, by segment id; 0 = void. Empty if it could not be read.
        digests: Of the image's bytes and of its pixels; fewer if it could not be read.
    """

    path: str | None
    problems: list[Problem]
    pixels: dict[int, int]
    digests: dict[str, bytes]


def read_files(job: FileJob) -> FileFacts:
    """Read and compare; what is wrong is in the result, nothing is raised."""
    problems: list[Problem] = []
    digests = _read_image(job, problems) if job.image_path else {}
    pixels = _read_png(job, problems) if job.png_path else {}
    return FileFacts(job.image_path, problems, pixels, digests)


def _read_image(job: FileJob, problems: list[Problem]) -> dict[str, bytes]:
    """Digests of an image, as far as it can be read."""
    path = str(job.image_path)
    field = f'images[].file_name {job.image["file_name"]!r}'
    content = _content(path, field, job, problems)
    if content is None:
        return {}
    digests = dict(bytes=_digest(content))
    kind, problem = 'unreadable images', error
    try:
        if not content or not is_complete_image(content):
            raise ValueError(INCOMPLETE.format(len(content)))
        head, size = read_head(content), (job.image['height'], job.image['width'])
        fits = size in map(head.size_in, FRAMES)
        kind = 'EXIF orientation' if fits else 'size of the image'
        source = f'of image {job.image["id"]!r} in {job.json_path}'
        frame = label_frame(head, size, job.orientation, source)
        if head.tag > 1 and job.orientation is None:
            kind = f'EXIF orientation, labels {frame}'
            message = f'orientation {head.tag}, the size is that of {frame!r}; {SAY}'
            problems.append(warning(path, kind, message))
        kind = 'unreadable images'
        pixels = decode_image(content, head, frame)
        kind, problem = 'depth of the image', error if job.loader else warning
        (job.loader or LoadImage()).scale(pixels)
    except ValueError as reason:
        problems.append(problem(path, kind, str(reason)))
        return digests
    return digests | dict(pixels=_digest(pixels))


def _read_png(job: FileJob, problems: list[Problem]) -> dict[int, int]:
    """Pixels by segment id of a png, as far as it can be read."""
    path = str(job.png_path)
    content = _content(path, 'annotations[].file_name', job, problems)
    if content is None:
        return {}
    try:
        ids = decode_segment_ids(content)
    except ValueError as cut:
        problems.append(error(path, 'unreadable pngs', str(cut)))
        return {}
    listed = (job.image['height'], job.image['width'])
    if ids.shape != listed:
        message = (
            f'(height, width) of the png is {ids.shape}, of image '
            f'{job.image["id"]!r} in {job.json_path} {listed}'
        )
        problems.append(error(path, 'size of the png', message))
    values, areas, boxes = segment_extents(ids)
    found = {
        int(value): (int(area), box.tolist())
        for value, area, box in zip(values, areas, boxes, strict=True)
    }
    problems.extend(png_segment_problems(path, job.segments, found))
    return {value: area for value, (area, _) in found.items()}


def _content(
    path: str, field: str, job: FileJob, problems: list[Problem]
) -> bytes | None:
    """Bytes of a file; None and a problem if there is no such file."""
    try:
        return get(path, backend_args=job.backend_args)
    except Exception as reason:  # each backend has its own
        absent = isinstance(reason, FileNotFoundError | KeyError)
        kind = 'missing files' if absent else 'unreadable files'
        what = 'does not exist' if absent else f'cannot be read ({reason})'
        message = f'{what}, but {field} of image {job.image["id"]!r} in '
        problems.append(error(path, kind, f'{message}{job.json_path} names it'))
        return None


def is_complete_image(content: bytes) -> bool:
    """Whether a jpeg or png has its end; other formats count as complete.

    A jpeg's scan never contains the marker of its end, but a thumbnail before it may.
    """
    if content.startswith(JPEG):
        return content.rfind(JPEG_END) > content.rfind(SCAN)
    return not content.startswith(PNG) or PNG_END in content


def _digest(content: bytes | np.ndarray) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()  # type: ignore[arg-type]
