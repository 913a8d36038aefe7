"""Image files: size, EXIF orientation and depth, and pixels in a given frame.

A turned camera stores pixels in the order of its sensor, with an EXIF orientation (1 to
8) for viewers. ``stored`` is the frame of the pixels in the file, ``shown`` that of a
viewer, which applies the orientation. With orientation 1 they are the same.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

FRAMES = STORED, SHOWN = 'stored', 'shown'
INCOMPLETE = 'not a complete image ({} bytes), is it truncated?'
EXIF, WIDTH, HEIGHT, DEPTHS = 274, 256, 257, 258  # numbers of tags
PNG, TIF, BIG = b'\x89PNG', (b'II*\0', b'MM\0*'), (b'II+\0', b'MM\0+')
JPEG, JPEG_SCAN, JPEG_END = b'\xff\xd8', b'\xff\xda', b'\xff\xd9'
PNG_END = b'IEND'
MAX_PIXELS = 'OPENCV_IO_MAX_IMAGE_PIXELS'
SAY = (
    'give it: --orientation stored|shown for a tool, or in a config '
    "orientation='stored' or 'shown' of the dataset, or in the json info.orientation"
)
SCALE = (
    "load it in every pipeline with dict(type='mmpisr.LoadImage', max_value=M), M the "
    'value of white, e.g. 4095 for 12 bits, 65535 for 16, 1.0 for floats'
)


class UnreadableError(ValueError):
    """A file holds no image, or not the one that the json describes."""


class ImageHead(NamedTuple):
    """Properties of an image file that can be read without its pixels."""

    size: tuple[int, int]  # height and width of the stored pixels
    tag: int = 1  # EXIF orientation
    bits: int = 8  # of a channel
    is_tif: bool = False  # OpenCV always applies the orientation of a tif

    def size_in(self, frame: str) -> tuple[int, int]:
        """Height and width in a frame."""
        return self.size[::-1] if frame == SHOWN and self.tag > 4 else self.size


@contextmanager
def any_size() -> Iterator[None]:
    """Suspend Pillow's limit of pixels, whose error names no file."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def read_head(file: BinaryIO | bytes) -> ImageHead:
    """Read the head of a file or of its content; no pixels are decoded.

    Raises:
        ValueError: It is no image, or has more pixels than OpenCV's limit.
    """
    file = BytesIO(file) if isinstance(file, bytes) else file
    start = file.read(32)
    file.seek(0)
    try:
        if start.startswith(TIF + BIG):
            head = _tif_head(file, start[: 16 if start.startswith(BIG) else 8])
        elif start.startswith(PNG):
            width, height, bits = struct.unpack('>IIB', start[16:25])
            head = ImageHead((height, width), _tag(_png_exif(file)), bits)
        else:
            with any_size(), Image.open(file) as image:
                size, exif = image.size, image.info.get('exif', b'')
            head = ImageHead(size[::-1], _tag(exif))
    except (OSError, SyntaxError, LookupError, struct.error) as reason:
        raise ValueError(f'not an image ({type(reason).__name__})') from reason
    pixels, limit = head.size[0] * head.size[1], int(os.getenv(MAX_PIXELS, 2**30))
    if pixels > limit:
        raise ValueError(
            f'(height, width) {head.size} are {pixels} pixels, OpenCV reads {limit}; '
            f'set {MAX_PIXELS} in the environment, or cut the image into tiles'
        )
    return head


def label_frame(
    head: ImageHead, size: Sequence[int], stated: str | None, source: str
) -> str:
    """Find the frame of labels by their size and the frame that the dataset states.

    ``size`` is the height and width of the labels, ``source`` its place, for messages.

    Raises:
        ValueError: The size fits no frame or another than the stated one, or fits both
            and none is stated.
    """
    fitting = [frame for frame in FRAMES if head.size_in(frame) == tuple(size)]
    if head.tag == 1 and fitting:
        return STORED
    sizes = ', '.join(f'{head.size_in(frame)} {frame}' for frame in FRAMES)
    found = f'{sizes} by EXIF orientation {head.tag}' if head.tag > 1 else head.size
    found = f'(height, width) of the image is {found}, {source} {tuple(size)}'
    if not fitting:
        raise ValueError(found)
    if stated is None and len(fitting) > 1:
        raise ValueError(f'{found}, which fits both frames of labels; {SAY}')
    if stated not in (None, *fitting):
        raise ValueError(f'{found}, but their frame is said to be {stated!r}')
    return stated or fitting[0]


def decode_image(
    content: bytes, head: ImageHead, frame: str, flag: int = cv2.IMREAD_COLOR
) -> np.ndarray:
    """Decode all bits of an image in a frame, by a flag of OpenCV.

    Returns:
        BGR ``(H, W, 3)`` or grey ``(H, W)``; dtype as in the file.

    Raises:
        ValueError: It cannot be decoded, or its end is missing.
    """
    if not is_complete_image(content):  # OpenCV fills the missing part with grey
        raise ValueError(INCOMPLETE.format(len(content)))
    wide = flag > 0 and head.bits > 16  # OpenCV reads them as they are only
    if wide:
        flag = cv2.IMREAD_UNCHANGED
    elif flag >= 0:
        flag |= cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    if image is None:
        raise ValueError(INCOMPLETE.format(len(content)))
    if wide:
        image = np.dstack([image] * 3) if image.ndim == 2 else image[..., :3]
    if head.is_tif and frame == STORED:
        image = _turn(image, {6: 8, 8: 6}.get(head.tag, head.tag))
    elif frame == SHOWN and not head.is_tif:
        image = _turn(image, head.tag)
    return np.ascontiguousarray(image)


def is_complete_image(content: bytes) -> bool:
    """Whether a jpeg or png has its end; other formats count as complete.

    A jpeg's end is looked for behind the segments before its first scan, where a
    thumbnail has an end of its own. Phones append a video to a jpeg, which may contain
    any bytes.
    """
    if content.startswith(JPEG):
        place = len(JPEG)
        while (marker := content[place : place + 2]) != JPEG_SCAN:
            if marker[:1] != b'\xff':  # damaged
                return content.rfind(JPEG_END) > content.rfind(JPEG_SCAN)
            is_fill = marker[1:] == b'\xff'
            length = int.from_bytes(content[place + 2 : place + 4], 'big')
            place += 1 if is_fill else 2 + length
        return content.find(JPEG_END, place) >= 0
    return not content.startswith(PNG) or PNG_END in content


def to_8_bits(image: np.ndarray, max_value: float | None = None) -> np.ndarray:
    """Scale ``[0, max_value]`` to ``[0, 255]``, float32, and clip what is outside.

    Raises:
        ValueError: There are NaN, or more than 8 bits and no ``max_value``.
    """
    if max_value is None:
        if image.dtype != np.uint8:
            values = f'{image.dtype} from {image.min()} to {image.max()}'
            raise ValueError(f'pixels are {values}, models read 0 to 255; {SCALE}')
        return image
    scaled = image.astype(np.float32)
    absent = np.isnan(scaled).sum() if image.dtype.kind == 'f' else 0
    if absent:
        raise ValueError(f'{absent} values are NaN; write numbers there')
    np.clip(scaled, 0, max_value, out=scaled)
    scaled *= np.float32(255 / max_value)
    return scaled


def _tif_head(file: BinaryIO, start: bytes) -> ImageHead:
    tags = ImageFileDirectory_v2(start)
    file.seek(tags.next)
    tags.load(file)
    size, tag = (tags[HEIGHT], tags[WIDTH]), tags.get(EXIF, 1)
    bits = max(tags.get(DEPTHS, (1,)))
    return ImageHead(size, tag if tag in range(1, 9) else 1, bits, is_tif=True)


def _png_exif(file: BinaryIO) -> bytes:
    """EXIF of a png, which may stand after the pixels."""
    file.seek(8)
    while len(chunk := file.read(8)) == 8:
        length = int.from_bytes(chunk[:4], 'big')
        if chunk[4:] == b'eXIf':
            return file.read(length)
        file.seek(length + 4, os.SEEK_CUR)
    return b''


def _tag(exif: bytes) -> int:
    tags = Image.Exif()
    with suppress(SyntaxError, OSError, ValueError):  # viewers ignore a damaged one
        tags.load(exif)
    return tags[EXIF] if tags.get(EXIF) in range(1, 9) else 1


def _turn(image: np.ndarray, tag: int) -> np.ndarray:
    """Apply an EXIF orientation."""
    image = image.swapaxes(0, 1) if tag > 4 else image
    image = image[::-1] if tag in (3, 4, 7, 8) else image
    return image[:, ::-1] if tag in (2, 3, 6, 7) else image
