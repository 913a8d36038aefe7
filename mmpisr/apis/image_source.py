"""Find the images of an input: files, arrays, folders, globs, a video or a webcam."""

import os.path as osp
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mmpisr.datasets.image_folder import IMAGE_SUFFIXES, list_images
from mmpisr.output_names import distinct_names

VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm')
WILDCARD = re.compile(r'[*?[]')


class NamedImage(NamedTuple):
    """One image to predict."""

    name: str
    """Of its results, unique among the inputs, with ``/`` between folders."""
    image: str | np.ndarray
    """Path or address, or BGR ``(H, W, 3)``."""

    @property
    def place(self) -> str:
        """Path or address; of an array its name."""
        return self.image if isinstance(self.image, str) else self.name


class ImageSource(NamedTuple):
    """Images that are read one after another."""

    images: Iterable[NamedImage]
    total: int
    """How many there are, as far as it is known; 0 = unknown."""


Image = str | Path | np.ndarray
Inputs = int | Image | Sequence[Image] | ImageSource


def open_source(inputs: Inputs, *, exclude: Sequence[str | Path] = ()) -> ImageSource:
    """List what an input names; files are opened when their turn comes.

    Args:
        inputs: Path or address of an image; BGR or grey array; folder, which is
            searched with its subfolders; glob; video; number of a webcam; a list of
            images, folders and globs (a path that is listed twice is read once); or
            images of any other origin as an ``ImageSource``.
        exclude: Folders that are not searched, such as that of the results.

    Returns:
        The images. The names of a folder's and a glob's images keep the folders below
        it, frames are named ``video/000000``, and arrays ``array/000000``.

    Raises:
        FileNotFoundError: A path does not exist, or there is no image.
        ValueError: The video cannot be opened, or is one of several inputs.
    """
    if isinstance(inputs, ImageSource):
        return inputs
    listed = [*inputs] if isinstance(inputs, list | tuple) else [inputs]
    stream = _stream_of(listed[0]) if len(listed) == 1 else None
    if stream is not None:
        return _frames(stream)
    entries: dict[str, str | np.ndarray] = {}  # by absolute path, or name of an array
    roots = set()
    for item in listed:
        if isinstance(item, np.ndarray):
            entries[f'array/{len(entries):06}'] = item
            continue
        root, found = _expand(str(item), exclude)
        roots.add(root)
        entries |= {osp.abspath(path): path for path in found}
    paths = [path for path in entries.values() if isinstance(path, str)]
    names = distinct_names(paths, root=roots.pop() if len(roots) == 1 else None)
    images = [
        NamedImage(names[entry] if isinstance(entry, str) else key, entry)
        for key, entry in entries.items()
    ]
    doubled = {*names.values()} & {*entries}
    if doubled:
        raise ValueError(f'a file and an array are both named {min(doubled)!r}')
    return ImageSource(images, len(images))


def _expand(path: str, exclude: Sequence[str | Path]) -> tuple[str | None, list[str]]:
    """Images that a path names, and the folder below which they are searched."""
    if osp.isdir(path):
        found = list_images(Path(path), exclude=[Path(folder) for folder in exclude])
        images, root = [osp.join(path, name) for name in found], path
    elif osp.exists(path) or '://' in path:
        return None, [path]
    elif WILDCARD.search(path):
        images = [
            found
            for found in sorted(glob(path, recursive=True))
            if found.lower().endswith(IMAGE_SUFFIXES) and osp.isfile(found)
        ]
        root = osp.dirname(path[: WILDCARD.search(path).start()]) or '.'  # type: ignore[union-attr]
    else:
        raise FileNotFoundError(f'{path} does not exist')
    if not images:
        raise FileNotFoundError(f'{path} has no image ({", ".join(IMAGE_SUFFIXES)})')
    return root, images


def _stream_of(item: object) -> str | int | None:
    """Path of a video or number of a webcam; None if it is neither."""
    if isinstance(item, int):
        return item
    if isinstance(item, str | Path):
        text = str(item)
        if text.isdecimal() and not osp.exists(text):
            return int(text)
        if text.lower().endswith(VIDEO_SUFFIXES):
            return text
    return None


def _frames(source: str | int) -> ImageSource:
    """Frames of a video or webcam."""
    if isinstance(source, int):
        what = name = f'webcam{source}'
    elif '://' in source or osp.isfile(source):
        what, name = source, Path(source).stem
    else:
        raise FileNotFoundError(f'{source} does not exist')
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise ValueError(f'{what} cannot be opened as a video by OpenCV')
    total = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))  # -1 of a webcam

    def frames() -> Iterator[NamedImage]:
        index = 0
        try:
            while (read := capture.read())[0]:
                yield NamedImage(f'{name}/{index:06}', read[1])
                index += 1
        finally:
            capture.release()
        if index < total:
            print(f'\n{what}: {index} of {total} frames were read', file=sys.stderr)

    return ImageSource(frames(), total)
