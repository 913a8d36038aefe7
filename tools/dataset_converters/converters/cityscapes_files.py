"""Find the files of Cityscapes, in folders or in its zip files, and pair them."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from mmengine import fileio

from mmpisr.datasets.image_file import read_head
from mmpisr.datasets.zip_files import (
    ZipBackend,
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
START = 32  # bytes that say the size of a png
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
    """Find all images of a split, with their ``truth`` or not, sorted by path.

    Raises:
        FileNotFoundError: Nothing is there, or images and truth do not pair; names the
            first file, how many are missing, and the layout.
        ValueError: An image and its truth differ in size, or a png has no size.
    """
    images = _files_by_id(root / 'leftImg8bit' / split, IMAGE)
    folder = root / 'leftImg8bit' / split
    if not truth:
        _refuse_missing(root, split, images, folder, IMAGE, [])
        return [Frame(id_, _size(path), path) for id_, path in images.items()]

    truth_folder = root / 'gtFine' / split
    instances = _files_by_id(truth_folder, INSTANCE_IDS)
    labels = _files_by_id(truth_folder, LABEL_IDS)
    _refuse_missing(root, split, images, folder, IMAGE, [*instances])
    _refuse_missing(root, split, instances, truth_folder, INSTANCE_IDS, [*images])
    if labels:
        _refuse_missing(root, split, labels, truth_folder, LABEL_IDS, [*images])
    return [
        _pair(id_, images[id_], instances[id_], labels.get(id_)) for id_ in instances
    ]


def _size(path: str) -> tuple[int, int]:
    """Height and width of a picture, of its first bytes."""
    if is_zip_path(path):
        start = ZipBackend().get_start(path, START)
    else:
        with open(path, 'rb') as file:
            start = file.read(START)
    try:
        return read_head(start).size
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _pair(image_id: str, image: str, instances: str, labels: str | None) -> Frame:
    size = _size(instances)
    for path in filter(None, (image, labels)):
        refuse_other_size(path, _size(path), instances, size)
    return Frame(image_id, size, image, instances, labels)


def _files_by_id(folder: Path, suffix: str) -> dict[str, str]:
    """Path by image id, of the files in the city folders below, sorted by path."""
    found = resolve_folder(str(folder))
    paths = sorted(_paths_below(found, suffix))
    return {path.rpartition('/')[2].removesuffix(suffix): path for path in paths}


def _paths_below(folder: str, suffix: str) -> Iterable[str]:
    if not is_zip_path(folder):
        return (path.as_posix() for path in Path(folder).glob(f'*/*{suffix}'))
    archive, inner = split_zip_path(folder)
    depth = inner.count('/') + 2
    return (
        fileio.join_path(f'zip://{archive}', name)
        for name in open_archive(archive).members
        if name.startswith(f'{inner}/')
        and name.endswith(suffix)
        and name.count('/') == depth
    )


def _refuse_missing(
    root: Path,
    split: str,
    found: Collection[str],
    folder: Path,
    suffix: str,
    wanted: list[str],
) -> None:
    """Refuse that files of ids which others have are not there, or none are."""
    missing = [id_ for id_ in wanted if id_ not in found]
    paths = [f'{folder}/{id_.rsplit("_", 2)[0]}/{id_}{suffix}' for id_ in missing]
    if missing or not found:
        raise missing_error(
            f'Cityscapes {split}',
            LAYOUT.format(root=root),
            paths or [f'{folder}/CITY/ID{suffix}'],
            max(len(wanted), 1),
            advice=', also in zip files',
        )
