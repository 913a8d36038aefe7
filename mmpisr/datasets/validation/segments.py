"""Areas, boxes and crowd flags of segments, as far as the json tells."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..json_checks.annotations import SEGMENT_FIELDS, segments_of
from ..json_checks.fields import AREA, FLAG, complete, double_problems, field_problems
from ..json_checks.problem import Problem, error, warning

DETAIL_FIELDS = dict(area=AREA, iscrowd=FLAG)


def png_name_problems(
    path: str, annotations: list[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Look for a png that several images share."""
    names = (annotation['file_name'] for annotation in annotations)
    yield from double_problems(path, 'annotations[].file_name', names)


def segment_detail_problems(
    path: str,
    annotation: Mapping[str, Any],
    image: Mapping[str, Any],
    is_thing: Mapping[Any, bool],
) -> Iterator[Problem]:
    """Look at what a loader does not need, but evaluation or other code does.

    Args:
        path: The json.
        annotation: Of one image, with ``ANNOTATION_FIELDS``.
        image: That image, with ``IMAGE_FIELDS``.
        is_thing: By category id.

    Yields:
        Errors for areas, flags and boxes; warnings for crowds of stuff, stuff in
        several segments, and an image without segments.
    """
    where = segments_of(annotation)
    segments = complete(annotation['segments_info'], SEGMENT_FIELDS)
    for segment in segments:
        place = f'{where}, id {segment["id"]}'
        yield from field_problems(path, place, segment, DETAIL_FIELDS)
        yield from _box_problems(path, place, segment['bbox'], image)
        thing = is_thing.get(segment['category_id'], True)
        if segment.get('iscrowd') and not thing:
            message = (
                f'{place} has iscrowd 1, but category_id {segment["category_id"]} has '
                'isthing 0: evaluation will ignore it'
            )
            yield warning(path, 'crowd of stuff', message)
    yield from _split_stuff_problems(path, where, segments, is_thing)
    if not annotation['segments_info']:
        message = f'{where} is empty: the image is all void'
        yield warning(path, 'empty images', message)


def _split_stuff_problems(
    path: str, where: str, segments: list[Mapping[str, Any]], is_thing: Mapping
) -> Iterator[Problem]:
    counts = Counter(segment['category_id'] for segment in segments)
    for number, count in counts.items():
        if count > 1 and not is_thing.get(number, True):
            message = (
                f'{where} has {count} segments of category_id {number}, whose isthing '
                'is 0: stuff has one, so no prediction can match them all'
            )
            yield warning(path, 'stuff in several segments', message)


def _box_problems(
    path: str, place: str, box: list, image: Mapping[str, Any]
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
