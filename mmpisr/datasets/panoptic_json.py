"""Read a COCO-panoptic json and refuse what would go wrong later.

Every error names the file, the field and both values. Nothing here knows mmdet. The
checks are those of ``validation``; here the first error is raised.
"""

from collections.abc import Iterable, Mapping, Sequence
from json import JSONDecodeError
from typing import Any

from mmengine.fileio import load

from mmpisr.class_lists import class_difference

from .classes import ClassChoice
from .validation.annotations import SCORED_FIELDS, annotation_problems, image_problems
from .validation.categories import category_problems
from .validation.problems import raise_first_error


def read_panoptic_json(path: str, *, backend_args: dict | None = None) -> dict:
    """Load the json like ``read_json``, and refuse outlines of instances."""
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
    """Load a json; a missing or truncated file is an error that names it."""
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
    """Give one category a class, things first; refuse what cannot be learnt."""
    raise_first_error(category_problems(path, categories, reordered=choice is not None))
    if choice is None:
        return [*categories]
    chosen = choice.chosen(path, categories)
    raise_first_error(category_problems(path, chosen))
    return chosen


def categories_metainfo(categories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Class names, things first, and the palette where every category has a colour."""
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
    """Refuse given class names that are not those of the json, in its order."""
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
    """Refuse images without the needed fields, and doubled ids."""
    raise_first_error(image_problems(path, images))


def check_annotations(
    path: str,
    annotations: Sequence[Mapping[str, Any]],
    image_ids: Iterable[Any],
    category_ids: Iterable[Any],
) -> None:
    """Refuse annotations that do not pair with the images one to one."""
    raise_first_error(annotation_problems(path, annotations, image_ids, category_ids))


def check_truth(path: str, content: Mapping[str, Any]) -> None:
    """Refuse what cannot be scored; order of categories and boxes do not matter."""
    categories, annotations = content.get('categories'), content.get('annotations', ())
    raise_first_error(category_problems(path, categories, reordered=True))
    category_ids = [category['id'] for category in content['categories']]
    problems = annotation_problems(
        path, annotations, None, category_ids, segment_fields=SCORED_FIELDS
    )
    raise_first_error(problems)
