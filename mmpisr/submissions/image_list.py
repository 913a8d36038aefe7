"""The images that a submission must hold, and the categories that it may use.

The same file format as the official lists: a json with ``images`` and ``categories``.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmpisr.datasets.panoptic_json import check_images, read_panoptic_json
from mmpisr.files import write_atomically

SPLIT = re.compile(r'(?:^|_)((?:test-dev|test|val|train)\d*)(?=_|$)')


class ListedImage(NamedTuple):
    """One image: its id, the name of its file without folders, its size in pixels."""

    id: int | str
    file_name: str
    height: int
    width: int

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return Path(self.file_name).stem


class ImageList(NamedTuple):
    """What a submission is checked against.

    Attributes:
        images: In the order in which they are submitted.
        categories: Dicts with ``id``, ``name`` and ``isthing``; ids of the format.
        split: ``'test-dev2017'``, ``'val'``...; part of file names.
        format: Key of ``FORMATS``; empty for an official list, which has none.
    """

    images: list[ListedImage]
    categories: list[dict]
    split: str
    format: str = ''

    def save(self, path: str | Path) -> None:
        """Write the list as a json, whole or not at all."""
        content = dict(
            format=self.format,
            split=self.split,
            images=[image._asdict() for image in self.images],
            categories=self.categories,
        )
        write_atomically(path, json.dumps(content))


def split_of(path: str) -> str:
    """Find the split in the name of a json, ``'test'`` if there is none in it.

    ``panoptic_image_info_test-dev2017.json`` is of ``test-dev2017``,
    ``cityscapes_panoptic_val_trainId.json`` of ``val``.
    """
    found = SPLIT.search(Path(path).stem)
    return found.group(1) if found else 'test'


def read_image_list(path: str | Path) -> ImageList:
    """Read a list: of the writer, or an official one.

    Raises:
        FileNotFoundError: The json does not exist.
        ValueError: It is truncated, or lacks or doubles something.
    """
    path = str(path)
    content = read_panoptic_json(path)
    if 'images' not in content:
        raise ValueError(f"{path}: lacks field 'images'; it has {sorted(content)}")
    check_images(path, content['images'])
    images = [_image(entry) for entry in content['images']]
    refuse_equal_names(path, images)
    return ImageList(
        images=images,
        categories=list(content.get('categories', [])),
        split=content.get('split') or split_of(path),
        format=content.get('format', ''),
    )


def list_images(dataset: Any) -> list[ListedImage]:
    """List the images of a dataset of mmdet's kind, in its order."""
    items = map(dataset.get_data_info, range(len(dataset)))
    return [
        ListedImage(
            item['img_id'], Path(item['img_path']).name, item['height'], item['width']
        )
        for item in items
    ]


def refuse_equal_names(path: str, images: Sequence[ListedImage]) -> None:
    """Refuse images whose results would have the same name or id.

    Raises:
        ValueError: Names the json, the file name and how often it is there.
    """
    ids = Counter(image.id for image in images)
    for image_id, times in ids.most_common(1):
        if times > 1:
            raise ValueError(
                f'{path}: images[].id {image_id!r} is there {times} times, but names '
                'one image'
            )
    (name, times), *_ = Counter(image.stem for image in images).most_common(1) or [
        ('', 0)
    ]
    if times > 1:
        raise ValueError(
            f'{path}: images[].file_name {name!r} is there {times} times (without '
            'folder and suffix), but names the results of one image'
        )


def check_things_are_known(path: str, categories: Sequence[Mapping[str, Any]]) -> None:
    """Refuse categories without ``isthing``, as COCO's own test list has them.

    Raises:
        ValueError: Names the json and the first such category.
    """
    lacking = [c.get('name') for c in categories if 'isthing' not in c]
    if lacking or not categories:
        raise ValueError(
            f"{path}: field 'isthing' is missing in {len(lacking)} of "
            f'{len(categories)} categories, the first is {[*lacking, None][0]!r}'
        )


def _image(entry: Mapping[str, Any]) -> ListedImage:
    name = Path(entry['file_name']).name
    return ListedImage(entry['id'], name, entry['height'], entry['width'])
