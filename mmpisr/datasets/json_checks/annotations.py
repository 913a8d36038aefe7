"""The annotations of a json: pairing with images, and ids of their segments."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .fields import (
    AREA,
    BOX,
    ID,
    LIST,
    TEXT,
    WHOLE,
    Field,
    complete,
    double_problems,
    few,
    field_problems,
    list_problems,
)
from .problem import Problem, error

MAX_SEGMENT_ID = 2**24 - 1  # three bytes of a png
ANNOTATION_FIELDS = dict(image_id=ID, file_name=TEXT, segments_info=LIST)
SEGMENT_FIELDS = dict(id=WHOLE, category_id=ID, bbox=BOX)
SCORED_FIELDS = dict(id=WHOLE, category_id=ID, area=AREA)


def annotation_problems(
    path: str,
    annotations: Any,
    image_ids: Iterable[Any] | None,
    category_ids: Iterable[Any],
    *,
    segment_fields: Mapping[str, Field] = SEGMENT_FIELDS,
) -> Iterator[Problem]:
    """Look for annotations that do not pair with the images one to one.

    Args:
        path: The json.
        annotations: Its field of that name, whatever it holds.
        image_ids: Of all images; ``None`` = not known.
        category_ids: Of all categories.
        segment_fields: What each segment must have, ``id`` and ``category_id`` at
            least.

    Yields:
        Errors of the pairing, then of each image's segments.
    """
    yield from list_problems(path, 'annotations', annotations)
    entries = annotations if isinstance(annotations, list | tuple) else []
    for position, annotation in enumerate(entries):
        where = f'annotations[{position}]'
        yield from field_problems(path, where, annotation, ANNOTATION_FIELDS)

    usable = complete(entries, ANNOTATION_FIELDS)
    annotated = [annotation['image_id'] for annotation in usable]
    yield from double_problems(path, 'annotations[].image_id', annotated)
    if image_ids is not None:
        yield from _pairing_problems(path, set(image_ids), annotated)
    known = set(category_ids)
    for annotation in usable:
        yield from _segment_problems(path, annotation, known, segment_fields)


def _pairing_problems(path: str, listed: set, annotated: list) -> Iterator[Problem]:
    without = listed.difference(annotated)
    unlisted = set(annotated) - listed
    if without or unlisted:
        message = (
            f'{len(listed)} images[].id against {len(annotated)} '
            f'annotations[].image_id: images without annotation {few(without)}, '
            f'annotations without image {few(unlisted)}'
        )
        yield error(path, 'images and annotations', message)


def _segment_problems(
    path: str,
    annotation: Mapping[str, Any],
    category_ids: set,
    segment_fields: Mapping[str, Field],
) -> Iterator[Problem]:
    where = segments_of(annotation)
    segments = annotation['segments_info']
    usable = complete(segments, segment_fields)
    if len(usable) < len(segments):
        for position, segment in enumerate(segments):
            place = f'{where} [{position}]'
            yield from field_problems(path, place, segment, segment_fields)
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


def segments_of(annotation: Mapping[str, Any]) -> str:
    """Place of an image's segments in the json."""
    return f'segments_info of image_id {annotation["image_id"]}'
