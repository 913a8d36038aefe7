"""Check COCO's official panoptic layout, and make the list of test-dev with classes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmpisr.datasets.file_check import check_files_exist
from mmpisr.datasets.panoptic_json import (
    check_annotations,
    check_images,
    read_panoptic_json,
)
from mmpisr.datasets.zip_files import resolve_folder
from mmpisr.files import write_atomically

from .layout import missing_files
from .official_zips import unpack

SPLITS = ('train', 'val', 'test-dev')
ZIPS = ('panoptic_annotations_trainval2017.zip', 'image_info_test2017.zip')
TEST_INFO = 'image_info_test-dev2017.json'
NUM_THINGS = 80
THING_IDS = sorted(set(range(1, 91)) - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
STUFF_IDS = sorted(
    {92, 93, 95, 100, 107, 109, 112, 118, 119, 122, 125, 128, 130, 133, 138, 141}
    | {144, 145, 147, 148, 149, 151, 154, 155, 156, 159, 161, 166, 168, 171}
    | (set(range(175, 201)) - {179, 182, 183})
)
CATEGORY_FIELDS = ('id', 'name', 'isthing')
LAYOUT = """
coco/
  {train,val,test}2017/*.jpg                     or {train,val,test}2017.zip
  annotations/panoptic_{train,val}2017.json      (panoptic_annotations_trainval2017.zip)
  annotations/panoptic_{train,val}2017/*.png     or panoptic_{train,val}2017.zip
  annotations/image_info_test-dev2017.json       (image_info_test2017.zip)
test2017 and the last are for the split test-dev only.
"""


def prepare_coco(root: str | Path, *, splits: Sequence[str] = SPLITS) -> None:
    """Check that all is there, and write ``panoptic_image_info_test-dev2017.json``.

    That file is COCO's list of test-dev with the 133 panoptic categories, as mmdet's
    ``gen_coco_panoptic_test_info.py`` makes it. Annotations that are still in COCO's
    zip files, in ``root`` or its ``annotations``, are taken out of these.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: A json is truncated or faulty, or its categories are not COCO's.
    """
    unknown = sorted(set(splits) - set(SPLITS))
    if unknown:
        raise ValueError(f'splits {unknown} are unknown, known are {SPLITS}')
    root = Path(root)
    missing_files('COCO', LAYOUT, [root])
    unpack(root, zips=ZIPS, wanted=[n for s in splits for n in _annotation_files(s)])
    for split in splits:
        if split == 'test-dev':
            _write_test_dev(root)
        else:
            _check_split(root, f'{split}2017')


def coco_categories() -> list[dict]:
    """Ids, names and ``isthing`` in COCO's order; the names are mmdet's."""
    from mmdet.datasets import CocoPanopticDataset

    names = CocoPanopticDataset.METAINFO['classes']
    ids = [*THING_IDS, *STUFF_IDS]
    return [
        dict(id=number, name=name, isthing=int(number in THING_IDS))
        for number, name in zip(ids, names, strict=True)
    ]


def check_coco_categories(path: Path, categories: Sequence[Mapping]) -> None:
    """Refuse categories that are not COCO's, in COCO's order.

    Raises:
        ValueError: Naming the file, the first position that differs and both values.
    """
    expected = coco_categories()
    for position, (ours, theirs) in enumerate(zip(expected, categories, strict=False)):
        found = {field: theirs.get(field) for field in CATEGORY_FIELDS}
        if found != ours:
            raise ValueError(
                f"{path}: categories[{position}] is {found}, COCO's is {ours}; are the "
                'categories out of order?'
            )
    if len(categories) != len(expected):
        raise ValueError(
            f'{path}: {len(categories)} categories, COCO has {len(expected)}: '
            f'{NUM_THINGS} things, then {len(expected) - NUM_THINGS} stuff'
        )


def _annotation_files(split: str) -> list[str]:
    """Files that a split needs out of COCO's annotation zips; the pngs' one last."""
    if split == 'test-dev':
        return [f'annotations/{TEST_INFO}', 'annotations/panoptic_val2017.json']
    stem = f'annotations/panoptic_{split}2017'
    return [f'{stem}.json', f'{stem}.zip']


def _check_split(root: Path, name: str) -> None:
    """Check images, pngs, json and categories of one split."""
    path = root / 'annotations' / f'panoptic_{name}.json'
    missing_files(f'COCO, {name}', LAYOUT, [path])
    content = read_panoptic_json(str(path))
    images, annotations = _field(path, content, 'images'), content.get('annotations')
    categories = _field(path, content, 'categories')
    check_coco_categories(path, categories)
    check_images(str(path), images)
    check_annotations(
        str(path),
        annotations or [],
        [image['id'] for image in images],
        [category['id'] for category in categories],
    )
    _check_files(path, 'images[]', root / name, images)
    _check_files(path, 'annotations[]', path.with_suffix(''), annotations or [])
    print(f'{path}: {len(images)} images, all files are there')


def _check_files(
    json_path: Path, field: str, folder: Path, items: Sequence[Mapping]
) -> None:
    """Refuse a folder that is neither there nor in a zip, and files not in it."""
    found = resolve_folder(str(folder))
    if '://' not in found:
        missing_files('COCO', LAYOUT, [folder])
    names = [item['file_name'] for item in items]
    check_files_exist(str(json_path), field, [f'{found}/{name}' for name in names])


def _field(path: Path, content: Mapping, field: str) -> list[dict]:
    if field not in content:
        raise ValueError(f'{path}: lacks field {field!r}; it has {sorted(content)}')
    return content[field]


def _write_test_dev(root: Path) -> None:
    """Write the list of test-dev with the categories of the json of val."""
    folder = root / 'annotations'
    listed, val = folder / TEST_INFO, folder / 'panoptic_val2017.json'
    missing_files('COCO, test-dev', LAYOUT, [listed, val])
    categories = _field(val, read_panoptic_json(str(val)), 'categories')
    check_coco_categories(val, categories)
    content = read_panoptic_json(str(listed)) | dict(categories=categories)
    images = _field(listed, content, 'images')
    check_images(str(listed), images)
    _check_files(listed, 'images[]', root / 'test2017', images)

    path, text = folder / f'panoptic_{TEST_INFO}', json.dumps(content)
    if path.is_file() and path.read_text() == text:
        print(f'{path}: kept, all {len(images)} images are listed')
        return
    write_atomically(path, text)
    print(f'{path}: written, {len(images)} images')
