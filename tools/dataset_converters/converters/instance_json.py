"""Read a json of instances, choose its classes, and find its images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

from mmpisr.datasets.image_folder import list_images
from mmpisr.datasets.panoptic_json import chosen_categories, read_json
from mmpisr.datasets.validation.problems import (
    FLAG,
    ID,
    LIST,
    TEXT,
    double_problems,
    few,
    field_problems,
    raise_first_error,
)

from .classes_file import read_classes
from .label_images import image_entries
from .layout import missing_files

FIELDS = dict(
    images=dict(id=ID, file_name=TEXT),
    categories=dict(id=ID, name=TEXT),
    annotations=dict(image_id=ID, category_id=ID, iscrowd=FLAG),
)
LAYOUT = 'IMAGES/[folders/]NAME.*       images[].file_name of the json, or its end'
IGNORED = '__ignore__'  # Labelme's name of what is void


def read_instances(path: Path) -> dict[str, Any]:
    """Load a json of instances; annotations get their place in it as ``where``.

    Raises:
        ValueError: A field is missing or has another type, an id occurs twice, or an
            annotation is of an unknown image or category.
    """
    content = read_json(str(path))
    lists = dict.fromkeys(FIELDS, LIST)
    raise_first_error(field_problems(str(path), 'the json', content, lists))
    for name, fields in FIELDS.items():
        for position, item in enumerate(content[name]):
            where = f'{name}[{position}]'
            if name == 'annotations' and isinstance(item, dict):
                item.setdefault('iscrowd', 0)
            raise_first_error(field_problems(str(path), where, item, fields))
            item['where'] = f'{path}: {where}'
    annotations = content['annotations']
    if not annotations or 'segments_info' in annotations[0]:
        raise ValueError(
            f'{path}: has {len(annotations)} annotations'
            + (' of panoptic segments; train on it as it is' if annotations else '')
        )
    for field, name in (('image_id', 'images'), ('category_id', 'categories')):
        ids = [item['id'] for item in content[name]]
        raise_first_error(double_problems(str(path), f'{name}[].id', ids))
        known = set(ids)
        wrong = [a for a in annotations if a[field] not in known]
        if wrong:
            raise ValueError(
                f'{wrong[0]["where"]} has {field} {wrong[0][field]!r}, but {name} has '
                f'{few(ids)}; {len(wrong)} of {len(annotations)} annotations are such'
            )
    return content


def choose_classes(
    path: Path,
    content: Mapping,
    table: str | Path | None,
    stuff: Sequence[str],
    background: str | None,
    left_out: dict[str, list[str]],
) -> list[dict]:
    """Categories of the table, or a class for each name of the json.

    A name that no annotation uses and that is the ``supercategory`` of others
    (Roboflow's first) is no class.
    """
    name_of = {c['id']: c['name'] for c in content['categories']}
    used = {name_of[a['category_id']] for a in content['annotations']} - {IGNORED}
    pairs = {(c['name'], c.get('supercategory')) for c in content['categories']}
    above = {above for name, above in pairs if above != name} - used
    for name in sorted(above.intersection(name_of.values())):
        kind = 'classes are only the supercategory of others and are left out'
        left_out[kind] += [f'{path}: {name}']
    said = [name for name in (*stuff, background) if name is not None]
    if table is not None:
        categories = read_classes(table)
    else:
        names = [name for name in name_of.values() if name not in (IGNORED, *above)]
        names += [background] if background else []
        categories = [
            dict(id=number, name=name, isthing=int(name not in said))
            for number, name in enumerate(dict.fromkeys(names), 1)
        ]
        categories.sort(key=lambda category: -category['isthing'])
        chosen_categories(str(path), categories, None)
    flags = {category['name']: category['isthing'] for category in categories}
    unknown, wrong = sorted(used - {*flags}), [n for n in said if flags.get(n) != 0]
    if unknown or wrong:
        raise ValueError(
            f'{path}: classes {unknown} are used and {wrong} are to be stuff, but '
            f'isthing of {table or path} is {flags}'
        )
    return categories


def find_images(
    source: Path,
    images: Sequence[Mapping],
    folder: Path,
    left_out: dict[str, list[str]],
    *,
    skip_missing: bool,
    orientation: str | None,
    workers: int,
) -> list[dict]:
    """Make image entries with the ids of the json, and names and sizes of the files.

    An image with an EXIF orientation is in the frame whose size the json has, or in
    ``orientation``. A file is found by ``file_name`` or its longest existing end;
    backslashes and the two forms of accented letters do not matter.
    """
    missing_files(f'Images of {source}', LAYOUT, [folder])
    there = {normalize('NFC', n.as_posix()): n for n in list_images(folder)}
    found = [(image, _file(image['file_name'], there)) for image in images]
    pairs = [(image, name) for image, name in found if name]
    absent = [image['file_name'] for image, name in found if not name]
    if absent and not (skip_missing and pairs):
        raise FileNotFoundError(
            f'{source}: {len(absent)} of {len(images)} images are not in {folder}, the '
            f'first is {absent[0]!r}; give the folder that has each file_name or the '
            'end of it, or leave them out (--skip-missing)'
        )
    surplus = sorted({*there.values()} - {name for _, name in pairs})
    left_out[f'images of the json are not in {folder}'] += absent
    left_out[f'images in {folder} are not in the json'] += map(str, surplus)
    given = [(image.get('height'), image.get('width')) for image, _ in pairs]
    sizes = [None if None in size else size for size in given]
    listed = [
        (i['id'], name, size) for (i, name), size in zip(pairs, sizes, strict=True)
    ]
    entries = image_entries(folder, listed, orientation=orientation, workers=workers)
    for size, entry in zip(sizes, entries, strict=True):
        if size not in (None, (entry['height'], entry['width'])):
            raise ValueError(
                f'{source}: image {entry["file_name"]!r} has height and width {size}, '
                f'but its file {entry["height"], entry["width"]}; give the images that '
                'were annotated'
            )
    return entries


def _file(name: str, there: Mapping[str, Path]) -> Path | None:
    """The file whose path is the longest end of a name."""
    parts = normalize('NFC', name).replace('\\', '/').split('/')
    ends = ('/'.join(parts[start:]) for start in range(len(parts)))
    return next((there[end] for end in ends if end in there), None)
