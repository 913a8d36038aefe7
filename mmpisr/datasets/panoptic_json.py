"""Read a COCO-panoptic json and check it before it is used.

Every error names the file, the field and both values. The checks are those of
``validation``; here the first error is raised. Nothing here imports mmdet.
"""

import os
import os.path as osp
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from json import JSONDecodeError
from typing import Any

from mmengine.fileio import LocalBackend, get_file_backend, load

from mmpisr.class_lists import class_difference

from .classes import ClassChoice
from .validation.json_checks import (
    SCORED_FIELDS,
    annotation_problems,
    category_problems,
    image_problems,
)
from .validation.problems import raise_first_error
from .zip_files import ZipBackend, list_zip_folder


def read_panoptic_json(path: str, *, backend_args: dict | None = None) -> dict:
    """Load a json like ``read_json``; an instance-segmentation json is an error."""
    content = read_json(path, backend_args=backend_args)
    listed = content.get('annotations')
    first = listed[0] if isinstance(listed, list) and listed else content
    if isinstance(first, Mapping) and {'segmentation', 'shapes'} & set(first):
        raise ValueError(
            f'{path}: has {sorted(first)}: outlines of instances, not '
            'segments_info as COCO panoptic has; convert it: '
            f'tools/dataset_converters/coco_instances.py {path} IMAGES --out FOLDER '
            '(of Labelme: the folder of the jsons)'
        )
    return content


def read_json(path: str, *, backend_args: dict | None = None) -> dict:
    """Load a json; the error of a missing or truncated file names it."""
    try:
        content = load(path, file_format='json', backend_args=backend_args)
    except FileNotFoundError as missing:
        raise FileNotFoundError(f'annotation file {path!r} does not exist') from missing
    except (JSONDecodeError, UnicodeDecodeError) as cut:
        raise ValueError(
            f'{path}: not a complete json, is it truncated? ({cut})'
        ) from cut
    if not isinstance(content, Mapping):
        raise ValueError(
            f'{path}: expected an object at the top, got {type(content).__name__}'
        )
    return dict(content)


def chosen_categories(
    path: str, categories: Sequence[dict], choice: ClassChoice | None
) -> list[dict[str, Any]]:
    """Check categories, and return one category per class, things first."""
    raise_first_error(category_problems(path, categories, reordered=choice is not None))
    if choice is None:
        return [*categories]
    chosen = choice.chosen(path, categories)
    raise_first_error(category_problems(path, chosen))
    return chosen


def categories_metainfo(categories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Class names, and a palette if every category has a colour."""
    metainfo: dict[str, Any] = dict(
        classes=tuple(c['name'] for c in categories),
        thing_classes=tuple(c['name'] for c in categories if c['isthing']),
        stuff_classes=tuple(c['name'] for c in categories if not c['isthing']),
    )
    if all('color' in c for c in categories):
        metainfo['palette'] = [tuple(c['color']) for c in categories]
    return metainfo


def check_metainfo(
    path: str, given: Mapping[str, Any], read: Mapping[str, Any]
) -> None:
    """Check that given class names are those of the json, in its order."""
    found = class_difference('metainfo', {**read, **given}, path, read)
    for key in ('classes', 'thing_classes', 'stuff_classes'):
        ours, theirs = tuple(given.get(key, read[key])), tuple(read[key])
        if not found and ours != theirs:
            found = f'{key} is {ours} in metainfo, but {theirs} in the json'
    if found:
        raise ValueError(
            f'{path}: metainfo must have the classes of the json, but {found}; '
            '`classes` of the dataset chooses and merges classes'
        )


def check_images(path: str, images: Sequence[Mapping[str, Any]]) -> None:
    """Check that images have all fields and unique ids."""
    raise_first_error(image_problems(path, images))


def check_annotations(path: str, content: Mapping[str, Any]) -> None:
    """Check that each image has one annotation, and the segments of all."""
    image_ids = [image['id'] for image in content['images']]
    category_ids = [category['id'] for category in content['categories']]
    annotations = content.get('annotations', ())
    problems = annotation_problems(path, annotations, image_ids, category_ids)
    raise_first_error(problems)


def check_truth(path: str, content: Mapping[str, Any]) -> None:
    """Check what scoring needs; the order of categories and boxes do not matter."""
    categories, annotations = content.get('categories'), content.get('annotations', ())
    raise_first_error(category_problems(path, categories, reordered=True))
    category_ids = [category['id'] for category in content['categories']]
    problems = annotation_problems(
        path, annotations, None, category_ids, segment_fields=SCORED_FIELDS
    )
    raise_first_error(problems)


def check_files_exist(
    ann_file: str, field: str, paths: Iterable[str], backend_args: dict | None = None
) -> None:
    """Check that files are on the local disk, or in a zip file on it.

    Each folder is listed once. Files of other backends are not checked. ``field`` is
    the list of the json, such as ``images[]``.

    Raises:
        FileNotFoundError: Names the json, the field, the folder and the first file.
    """
    names = defaultdict(set)
    for path in paths:
        folder, name = osp.split(path)
        names[folder].add(name)

    for folder, wanted in names.items():
        backend = get_file_backend(folder, backend_args=backend_args)
        if isinstance(backend, ZipBackend):
            found = list_zip_folder(folder)
        elif isinstance(backend, LocalBackend):
            is_folder = osp.isdir(folder or '.')
            found = set(os.listdir(folder or '.')) if is_folder else set()
        else:
            continue
        missing = sorted(wanted - found)
        if missing:
            raise FileNotFoundError(
                f'{ann_file}: {field}.file_name lists {len(wanted)} files in '
                f'{folder!r}, {len(missing)} of them do not exist, the first is '
                f'{missing[0]!r}'
            )
