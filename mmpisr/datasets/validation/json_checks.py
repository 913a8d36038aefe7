"""Checks of the categories, images and annotations of a COCO-panoptic json.

Every value may be of any type; each check yields all problems that it finds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import problems as p
from .problems import Field, Problem, error, few, warning

IGNORE_LABEL = 255  # in semantic maps, so no class may have it
MAX_SEGMENT_ID = 2**24 - 1  # three bytes of a png
CATEGORY_FIELDS = dict(id=p.ID, name=p.TEXT, isthing=p.FLAG)
IMAGE_FIELDS = dict(id=p.ID, file_name=p.TEXT, height=p.LENGTH, width=p.LENGTH)
ANNOTATION_FIELDS = dict(image_id=p.ID, file_name=p.TEXT, segments_info=p.LIST)
SEGMENT_FIELDS = dict(id=p.WHOLE, category_id=p.ID, bbox=p.BOX)  # to load
SCORED_FIELDS = dict(id=p.WHOLE, category_id=p.ID, area=p.AREA)  # to evaluate
DETAIL_FIELDS = dict(area=p.AREA, iscrowd=p.FLAG)  # needed by other code


def category_problems(
    path: str, categories: Any, *, reordered: bool = False
) -> Iterator[Problem]:
    """Check fields, doubles, order and number of categories.

    With ``reordered``, order and number are not checked: the reader has its own labels.
    """
    yield from p.entry_problems(path, 'categories', categories, CATEGORY_FIELDS)
    usable = p.complete(categories, CATEGORY_FIELDS)
    for field in ('id', 'name'):
        values = [category[field] for category in usable]
        yield from p.double_problems(path, f'categories[].{field}', values)
    if reordered or not isinstance(categories, list | tuple):
        return

    flags = [bool(category['isthing']) for category in usable]
    if len(usable) == len(categories) and flags != sorted(flags, reverse=True):
        stuff = flags.index(False)
        thing = flags.index(True, stuff)
        message = (
            f'categories[].isthing must list things first, but stuff '
            f'{usable[stuff]["name"]!r} (position {stuff}) comes before thing '
            f'{usable[thing]["name"]!r} (position {thing}); python '
            f'tools/dataset_converters/sort_categories.py {path} SORTED.json writes a '
            'sorted one, or name them in `classes` of the dataset'
        )
        yield error(path, 'order of categories', message)
    if len(categories) > IGNORE_LABEL:
        message = (
            f'{len(categories)} categories, but at most {IGNORE_LABEL} are possible: '
            f'label {IGNORE_LABEL} means ignored; choose or merge some by `classes` of '
            'the dataset'
        )
        yield error(path, 'number of categories', message)


def image_problems(path: str, images: Any) -> Iterator[Problem]:
    """Check fields and doubles of images."""
    yield from p.entry_problems(path, 'images', images, IMAGE_FIELDS)
    ids = [image['id'] for image in p.complete(images, IMAGE_FIELDS)]
    yield from p.double_problems(path, 'images[].id', ids)


def annotation_problems(
    path: str,
    annotations: Any,
    image_ids: Iterable[Any] | None,
    category_ids: Iterable[Any],
    *,
    segment_fields: Mapping[str, Field] = SEGMENT_FIELDS,
) -> Iterator[Problem]:
    """Check that each image has one annotation, then the segments.

    Without ``image_ids``, any image is accepted. ``segment_fields`` must contain
    ``id`` and ``category_id``.
    """
    yield from p.entry_problems(path, 'annotations', annotations, ANNOTATION_FIELDS)
    usable = p.complete(annotations, ANNOTATION_FIELDS)
    annotated = [annotation['image_id'] for annotation in usable]
    yield from p.double_problems(path, 'annotations[].image_id', annotated)
    listed = set(annotated if image_ids is None else image_ids)
    without, unlisted = listed.difference(annotated), set(annotated) - listed
    if without or unlisted:
        message = (
            f'{len(listed)} images[].id against {len(annotated)} '
            f'annotations[].image_id: images without annotation {few(without)}, '
            f'annotations without image {few(unlisted)}'
        )
        yield error(path, 'images and annotations', message)
    known = set(category_ids)
    for annotation in usable:
        yield from _segment_problems(path, annotation, known, segment_fields)


def _segment_problems(
    path: str, annotation: Mapping, category_ids: set, fields: Mapping[str, Field]
) -> Iterator[Problem]:
    where, segments = _place(annotation), annotation['segments_info']
    usable = p.complete(segments, fields)
    if len(usable) < len(segments):
        yield from p.entry_problems(path, f'{where} ', segments, fields)
    for segment in usable:
        number, category = segment['id'], segment['category_id']
        if category not in category_ids:
            known = f'which categories[].id lacks: {few(category_ids, 12)}'
            message = f'{where} has category_id {category}, {known}'
            yield error(path, 'unknown categories', message)
        if not 0 < number <= MAX_SEGMENT_ID:
            possible = f'a png holds 1 to {MAX_SEGMENT_ID} (0 is void)'
            message = f'{where} has id {number}, but {possible}'
            yield error(path, 'ids of segments', message)
    yield from p.double_problems(path, f'{where}, id', [s['id'] for s in usable])


def detail_problems(
    path: str, annotation: Mapping, image: Mapping, is_thing: Mapping[Any, bool]
) -> Iterator[Problem]:
    """Check what loading does not need, but evaluation or other code does.

    Annotation and image have their fields; ``is_thing`` is by category id.
    """
    where = _place(annotation)
    segments = p.complete(annotation['segments_info'], SEGMENT_FIELDS)
    for segment in segments:
        place, number = f'{where}, id {segment["id"]}', segment['category_id']
        yield from p.field_problems(path, place, segment, DETAIL_FIELDS)
        yield from _box_problems(path, place, segment['bbox'], image)
        if segment.get('iscrowd') and not is_thing.get(number, True):
            message = (
                f'{place} has iscrowd 1, but category_id {number} has isthing 0: '
                'evaluation will ignore it'
            )
            yield warning(path, 'crowd of stuff', message)
    for number, count in Counter(s['category_id'] for s in segments).items():
        if count > 1 and not is_thing.get(number, True):
            message = (
                f'{where} has {count} segments of category_id {number}, whose isthing '
                'is 0: a stuff class has one segment an image, so no prediction can '
                'match them all'
            )
            yield warning(path, 'stuff in several segments', message)
    if not annotation['segments_info']:
        message = f'{where} is empty: the image is all void'
        yield warning(path, 'empty images', message)


def _box_problems(
    path: str, place: str, box: list, image: Mapping
) -> Iterator[Problem]:
    left, top, width, height = box
    inside = 0 <= left <= left + width <= image['width']
    inside &= 0 <= top <= top + height <= image['height']
    found = f'{place} has bbox {list(box)}'
    if width <= 0 or height <= 0:
        yield error(path, 'boxes', f'{found} of {width} x {height} pixels')
    elif not inside:
        message = (
            f'{found} (left, top, width, height), which leaves the image of '
            f'{image["width"]} x {image["height"]} (width x height)'
        )
        yield error(path, 'boxes', message)


def _place(annotation: Mapping) -> str:
    return f'segments_info of image_id {annotation["image_id"]}'
