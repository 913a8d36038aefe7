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
from mmpisr.output_names import distinct_names

SPLIT = re.compile(r'(?:^|_)((?:test-dev|test|val|train)\d*)(?=_|$)')


class ListedImage(NamedTuple):
    """One image.

    Attributes:
        id: Of the dataset's json.
        file_name: Name of its file, with folders where these tell two images apart.
        height: In pixels.
        width: In pixels.
        name: Name for its results, without suffix; another file of the list has
            another one.
    """

    id: int | str
    file_name: str
    height: int
    width: int
    name: str


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
    return ImageList(
        images=_listed(content['images']),
        categories=list(content.get('categories', [])),
        split=content.get('split') or split_of(path),
        format=content.get('format', ''),
    )


def list_images(dataset: Any) -> list[ListedImage]:
    """List the images of a dataset of mmdet's kind, in its order."""
    items = map(dataset.get_data_info, range(len(dataset)))
    sizes = ('height', 'width')
    return _listed(
        [
            dict(id=item['img_id'], file_name=item['img_path'])
            | {side: item[side] for side in sizes}
            for item in items
        ]
    )


def refuse_equal_ids(path: str, images: Sequence[ListedImage]) -> None:
    """Refuse images that share an id, by which results name theirs.

    Raises:
        ValueError: Names the json, the id and how often it is there.
    """
    for image_id, times in Counter(image.id for image in images).most_common(1):
        if times > 1:
            raise ValueError(
                f'{path}: images[].id {image_id!r} is there {times} times, but names '
                'one image'
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


def _listed(entries: Sequence[Mapping[str, Any]]) -> list[ListedImage]:
    files = [entry['file_name'] for entry in entries]
    shown = distinct_names(files, keep_suffix=True)
    names = distinct_names(shown.values())  # so that a saved list gives them again
    return [
        ListedImage(
            entry['id'], shown[f], entry['height'], entry['width'], names[shown[f]]
        )
        for entry, f in zip(entries, files, strict=True)
    ]
