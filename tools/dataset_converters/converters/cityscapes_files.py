"""Find the files of Cityscapes, in folders or in its zip files, and pair them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mmpisr.datasets.image_file import read_head
from mmpisr.datasets.zip_files import (
    is_zip_path,
    open_archive,
    resolve_folder,
    split_zip_path,
)

from .label_files import refuse_other_size
from .layout import missing_error

IMAGE = '_leftImg8bit.png'
INSTANCE_IDS = '_gtFine_instanceIds.png'
LABEL_IDS = '_gtFine_labelIds.png'
START = 32  # bytes of a png that contain its size
LAYOUT = f"""
{{root}}
  leftImg8bit/SPLIT/CITY/ID{IMAGE}     or leftImg8bit_trainvaltest.zip
  gtFine/SPLIT/CITY/ID{INSTANCE_IDS}   or gtFine_trainvaltest.zip
  gtFine/SPLIT/CITY/ID{LABEL_IDS}      (of all images or of none)
with SPLIT train, val, test (images only) and ID as aachen_000000_000019
"""


class Frame(NamedTuple):
    """One image and its truth; paths may be ``zip://``.

    Attributes:
        size: Height and width in pixels.
    """

    image_id: str
    size: tuple[int, int]
    image: str
    instance_ids: str | None = None
    label_ids: str | None = None


def find_frames(root: Path, split: str, *, truth: bool) -> list[Frame]:
    """Find all images of a split, with or without their truth, sorted by path.

    Raises:
        FileNotFoundError: No image exists, or images and truth do not pair; names the
            first file, how many are missing, and the layout.
        ValueError: An image and its truth differ in size, or a png has no size.
    """
    kinds = {IMAGE: root / 'leftImg8bit' / split}
    if truth:
        kinds |= dict.fromkeys((INSTANCE_IDS, LABEL_IDS), root / 'gtFine' / split)
    found = {suffix: _files_by_id(kinds[suffix], suffix) for suffix in kinds}
    if truth and not found[LABEL_IDS]:
        del found[LABEL_IDS]
    ids = dict.fromkeys(id_ for suffix in reversed(found) for id_ in found[suffix])
    for suffix, paths in found.items():
        missing = [id_ for id_ in ids if id_ not in paths]
        folder = kinds[suffix]
        names = [f'{folder}/{i.rsplit("_", 2)[0]}/{i}{suffix}' for i in missing]
        if missing or not paths:
            raise missing_error(
                f'Cityscapes {split}',
                LAYOUT.format(root=root),
                names or [f'{folder}/CITY/ID{suffix}'],
                max(len(ids), 1),
                advice=', also in zip files',
            )
    order = found.get(INSTANCE_IDS, found[IMAGE])
    return [_frame(id_, *(paths[id_] for paths in found.values())) for id_ in order]


def _frame(image_id: str, image: str, *truth: str) -> Frame:
    """Pair an image with its truth, which must have its size."""
    size = _size(image)
    for path in truth:
        refuse_other_size(path, _size(path), image, size)
    return Frame(image_id, size, image, *truth)


def _size(path: str) -> tuple[int, int]:
    """Height and width of a png, of its first bytes."""
    if is_zip_path(path):
        archive, inner = split_zip_path(path)
        start = open_archive(archive).read_start(inner, START)
    else:
        with open(path, 'rb') as file:
            start = file.read(START)
    try:
        return read_head(start).size
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _files_by_id(folder: Path, suffix: str) -> dict[str, str]:
    """Path by image id, of the files in the city folders below, sorted by path."""
    paths = sorted(_paths_below(resolve_folder(str(folder)), suffix))
    return {path.rpartition('/')[2].removesuffix(suffix): path for path in paths}


def _paths_below(folder: str, suffix: str) -> Iterable[str]:
    if not is_zip_path(folder):
        return (path.as_posix() for path in Path(folder).glob(f'*/*{suffix}'))
    archive, inner = split_zip_path(folder)
    depth = inner.count('/') + 2
    return (
        f'zip://{archive}/{name}'
        for name in open_archive(archive).members
        if name.startswith(f'{inner}/')
        and name.endswith(suffix)
        and name.count('/') == depth
    )
