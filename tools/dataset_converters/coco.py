"""Check COCO's panoptic layout and list test-dev: ``python coco.py data/coco``."""

import json
import shutil
import sys
import zipfile
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from converters.layout import missing_files

from mmpisr.command_line import run_tool
from mmpisr.datasets.panoptic_json import (
    check_annotations,
    check_files_exist,
    check_images,
    read_panoptic_json,
)
from mmpisr.datasets.zip_files import resolve_folder
from mmpisr.files import atomic_output, write_atomically

SPLITS = ('train', 'val', 'test-dev')
ZIPS = ('panoptic_annotations_trainval2017.zip', 'image_info_test2017.zip')
TEST_INFO = 'image_info_test-dev2017.json'
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


def main() -> None:
    """Read the command line and check."""
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('root', help='folder of COCO, e.g. data/coco')
    add('--splits', nargs='+', choices=SPLITS, default=SPLITS, help='default: all')
    run_tool(parser, prepare_coco)


def prepare_coco(root: str | Path, *, splits: Sequence[str] = SPLITS) -> None:
    """Check that all files exist; write ``panoptic_image_info_test-dev2017.json``.

    That file is COCO's list of test-dev with the 133 panoptic categories, as mmdet's
    ``gen_coco_panoptic_test_info.py`` makes it. Annotations that are still in COCO's
    zip files, in ``root`` or its ``annotations``, are unpacked.

    Raises:
        FileNotFoundError: Names the first file that is missing, and the layout.
        ValueError: A json is truncated or faulty, or its categories are not COCO's.
    """
    unknown = sorted(set(splits) - set(SPLITS))
    if unknown:
        raise ValueError(f'splits {unknown} are unknown, known are {SPLITS}')
    root = Path(root)
    missing_files('COCO', LAYOUT, [root])
    wanted = {name for split in splits for name in _annotation_files(split)}
    for folder in root, root / 'annotations':
        for name in ZIPS:
            _unpack(folder / name, root, wanted)
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
    """Check that categories are COCO's, in COCO's order.

    Raises:
        ValueError: Names the file, the first position that differs and both values.
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
            f'{len(THING_IDS)} things, then {len(STUFF_IDS)} stuff'
        )


def _annotation_files(split: str) -> list[str]:
    """Files of COCO's annotation zips that a split needs."""
    if split == 'test-dev':
        return [f'annotations/{TEST_INFO}', 'annotations/panoptic_val2017.json']
    stem = f'annotations/panoptic_{split}2017'
    return [f'{stem}.json', f'{stem}.zip']


def _unpack(path: Path, root: Path, wanted: set[str]) -> None:
    """Write the wanted files of a zip file below ``root``, if they are missing.

    A ``X.zip`` is not needed if folder ``X`` exists.
    """
    folders = {name for name in wanted if name.endswith('.zip')}
    missing = {name for name in wanted if not (root / name).is_file()}
    missing -= {name for name in folders if (root / name).with_suffix('').is_dir()}
    if not missing or not path.is_file():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in missing.intersection(archive.namelist()):
                print(f'{path}: unpacking {name}')
                with (
                    atomic_output(root / name) as temporary,
                    archive.open(name) as source,
                    temporary.open('wb') as target,
                ):
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(
            f'{path}: not a complete zip file, was its download interrupted? ({error})'
        ) from error


def _read(title: str, path: Path, *fields: str) -> dict:
    """Read a json that must have these fields."""
    missing_files(f'COCO, {title}', LAYOUT, [path])
    content = read_panoptic_json(str(path))
    for field in fields:
        if field not in content:
            raise ValueError(f'{path}: lacks field {field!r}; it has {sorted(content)}')
    return content


def _check_split(root: Path, name: str) -> None:
    """Check images, pngs, json and categories of one split."""
    path = root / 'annotations' / f'panoptic_{name}.json'
    content = _read(name, path, 'images', 'categories')
    images, annotations = content['images'], content.get('annotations') or []
    check_coco_categories(path, content['categories'])
    check_images(str(path), images)
    check_annotations(str(path), content)
    _check_files(path, 'images[]', root / name, images)
    _check_files(path, 'annotations[]', path.with_suffix(''), annotations)
    print(f'{path}: {len(images)} images, all files are there')


def _check_files(
    json_path: Path, field: str, folder: Path, items: Sequence[Mapping]
) -> None:
    """Check that a folder exists, also in a zip file, and that it has the files."""
    found = resolve_folder(str(folder))
    if '://' not in found:
        missing_files('COCO', LAYOUT, [folder])
    names = [item['file_name'] for item in items]
    check_files_exist(str(json_path), field, [f'{found}/{name}' for name in names])


def _write_test_dev(root: Path) -> None:
    """Write the list of test-dev with the categories of the json of val."""
    folder = root / 'annotations'
    listed, val = folder / TEST_INFO, folder / 'panoptic_val2017.json'
    missing_files('COCO, test-dev', LAYOUT, [listed, val])
    categories = _read('test-dev', val, 'categories')['categories']
    check_coco_categories(val, categories)
    content = _read('test-dev', listed, 'images') | dict(categories=categories)
    images = content['images']
    check_images(str(listed), images)
    _check_files(listed, 'images[]', root / 'test2017', images)

    path, text = folder / f'panoptic_{TEST_INFO}', json.dumps(content)
    if path.is_file() and path.read_text() == text:
        print(f'{path}: kept, all {len(images)} images are listed')
        return
    write_atomically(path, text)
    print(f'{path}: written, {len(images)} images')


if __name__ == '__main__':
    main()
