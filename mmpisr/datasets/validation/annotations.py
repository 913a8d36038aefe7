"""Images and annotations of a json: fields, pairing, and segments."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .problems import (
    AREA,
    BOX,
    FLAG,
    ID,
    LENGTH,
    LIST,
    TEXT,
    WHOLE,
    Field,
    Problem,
    complete,
    double_problems,
    entry_problems,
    error,
    few,
    field_problems,
    warning,
)

MAX_SEGMENT_ID = 2**24 - 1  # three bytes of a png
IMAGE_FIELDS = dict(id=ID, file_name=TEXT, height=LENGTH, width=LENGTH)
ANNOTATION_FIELDS = dict(image_id=ID, file_name=TEXT, segments_info=LIST)
SEGMENT_FIELDS = dict(id=WHOLE, category_id=ID, bbox=BOX)  # to load
SCORED_FIELDS = dict(id=WHOLE, category_id=ID, area=AREA)  # to evaluate
DETAIL_FIELDS = dict(area=AREA, iscrowd=FLAG)  # that other code needs


def image_problems(path: str, images: Any) -> Iterator[Problem]:
    """Check the images of a json, which may be anything."""
    yield from entry_problems(path, 'images', images, IMAGE_FIELDS)
    ids = [image['id'] for image in complete(images, IMAGE_FIELDS)]
    yield from double_problems(path, 'images[].id', ids)


def annotation_problems(
    path: str,
    annotations: Any,
    image_ids: Iterable[Any] | None,
    category_ids: Iterable[Any],
    *,
    segment_fields: Mapping[str, Field] = SEGMENT_FIELDS,
) -> Iterator[Problem]:
    """Check that annotations pair with the images one to one, then their segments.

    Annotations may be anything; ``image_ids`` of None are not known. Each segment must
    have ``segment_fields``, among them ``id`` and ``category_id``.
    """
    yield from entry_problems(path, 'annotations', annotations, ANNOTATION_FIELDS)
    usable = complete(annotations, ANNOTATION_FIELDS)
    annotated = [annotation['image_id'] for annotation in usable]
    yield from double_problems(path, 'annotations[].image_id', annotated)
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
    usable = complete(segments, fields)
    if len(usable) < len(segments):
        yield from entry_problems(path, f'{where} ', segments, fields)
    for segment in usable:
        if segment['category_id'] not in category_ids:
            message = (
                f'{where} has category_id {segment["category_id"]}, which '
                f'categories[].id lacks: {few(category_ids, 12)}'
            )
            yield error(path, 'unknown categories', message)
        if not 0 < segment['id'] <= MAX_SEGMENT_ID:
            message = (
                f'{where} has id {segment["id"]}, but a png holds 1 to '
                f'{MAX_SEGMENT_ID} (0 is void)'
            )
            yield error(path, 'ids of segments', message)
    yield from double_problems(path, f'{where}, id', [s['id'] for s in usable])


def detail_problems(
    path: str, annotation: Mapping, image: Mapping, is_thing: Mapping[Any, bool]
) -> Iterator[Problem]:
    """Check what a loader does not need, but evaluation or other code does.

    Annotation and image have their fields; ``is_thing`` is by category id.
    """
    where = _place(annotation)
    segments = complete(annotation['segments_info'], SEGMENT_FIELDS)
    for segment in segments:
        place, number = f'{where}, id {segment["id"]}', segment['category_id']
        yield from field_problems(path, place, segment, DETAIL_FIELDS)
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
                'is 0: stuff has one, so no prediction can match them all'
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
    if width <= 0 or height <= 0:
        message = f'{place} has bbox {list(box)} of {width} x {height} pixels'
        yield error(path, 'boxes', message)
    elif not inside:
        message = (
            f'{place} has bbox {list(box)} (left, top, width, height), which leaves '
            f'the image of {image["width"]} x {image["height"]} (width x height)'
        )
        yield error(path, 'boxes', message)


def _place(annotation: Mapping) -> str:
    return f'segments_info of image_id {annotation["image_id"]}'
