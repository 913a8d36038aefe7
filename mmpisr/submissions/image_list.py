"""The images that a submission must hold, and the categories that it may use.

The same file format as the official lists: a json with ``images`` and ``categories``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmpisr.datasets.panoptic_json import check_images, read_panoptic_json
from mmpisr.datasets.validation.json_checks import category_problems
from mmpisr.datasets.validation.problems import raise_first_error
from mmpisr.files import write_atomically
from mmpisr.output_names import distinct_names

SPLIT = re.compile(r'(?:^|_)((?:test-dev|test|val|train)\d*)(?=_|$)')
FRAME = re.compile(r'([^_/]+_\d{6}_\d{6})(?:_.*)?')


class ListedImage(NamedTuple):
    """One image.

    Attributes:
        id: The image's id in the dataset's json.
        file_name: Name of its file, with folders where two images share a name.
        height: In pixels.
        width: In pixels.
        name: Name for its results, without suffix; unique in the list.
    """

    id: int | str
    file_name: str
    height: int
    width: int
    name: str

    @property
    def frame(self) -> str:
        """Name of the frame of Cityscapes: ``<city>_123456_123456``.

        Raises:
            ValueError: The file's name does not begin with one.
        """
        return frame_of(self.file_name)


class ImageList(NamedTuple):
    """The images and categories that a submission is checked against.

    Attributes:
        images: In the order in which they are submitted.
        categories: Dicts with ``id``, ``name`` and ``isthing``; the ids are those of
            the benchmark.
        split: ``'test-dev2017'``, ``'val'``...; part of file names.
        format: Key of ``FORMATS``; empty for an official list, which has none.
    """

    images: list[ListedImage]
    categories: list[dict]
    split: str
    format: str = ''

    def save(self, path: str | Path) -> None:
        """Write the list as a json, whole or not at all."""
        content = self._asdict() | dict(
            images=[image._asdict() for image in self.images]
        )
        write_atomically(path, json.dumps(content))


def frame_of(file_name: str) -> str:
    """Find the frame in the name of a file of Cityscapes.

    Raises:
        ValueError: The name does not begin with ``<city>_123456_123456``.
    """
    found = FRAME.fullmatch(Path(file_name).stem)
    if found is None:
        raise ValueError(
            f'images[].file_name {file_name!r} does not begin with '
            '<city>_123456_123456, as every frame of Cityscapes does'
        )
    return found.group(1)


def split_of(path: str) -> str:
    """Find the split in the name of a json, ``'test'`` if there is none in it.

    ``panoptic_image_info_test-dev2017.json`` is of ``test-dev2017``,
    ``cityscapes_panoptic_val_trainId.json`` of ``val``.
    """
    found = SPLIT.search(Path(path).stem)
    return found.group(1) if found else 'test'


def read_image_list(path: str | Path) -> ImageList:
    """Read a list that a submission was written with, or an official one.

    Raises:
        FileNotFoundError: The json does not exist.
        ValueError: It is truncated, lacks a field, or two images have one id.
    """
    path = str(path)
    content = read_panoptic_json(path)
    if 'images' not in content:
        raise ValueError(f"{path}: lacks field 'images'; it has {sorted(content)}")
    check_images(path, content['images'])
    return ImageList(
        images=_listed(content['images']),
        categories=list(content.get('categories', [])),
        split=content.get('split') or split_of(path),
        format=content.get('format', ''),
    )


def list_images(dataset: Any) -> list[ListedImage]:
    """List the images of a dataset of mmdet's kind, in its order."""
    items = map(dataset.get_data_info, range(len(dataset)))
    return _listed(
        [
            dict(
                id=item['img_id'],
                file_name=item['img_path'],
                height=item['height'],
                width=item['width'],
            )
            for item in items
        ]
    )


def _listed(entries: Sequence[Mapping[str, Any]]) -> list[ListedImage]:
    files = [entry['file_name'] for entry in entries]
    shown = distinct_names(files, keep_suffix=True)
    names = distinct_names(shown.values())  # so that a saved list has the same names
    return [
        ListedImage(
            entry['id'], shown[f], entry['height'], entry['width'], names[shown[f]]
        )
        for entry, f in zip(entries, files, strict=True)
    ]


def check_categories(path: str, categories: Sequence[Mapping[str, Any]]) -> None:
    """Refuse categories without ``isthing``, such as those of COCO's own test list.

    Raises:
        ValueError: Names the json, the first such category and its fields.
    """
    raise_first_error(category_problems(path, categories or None, reordered=True))
