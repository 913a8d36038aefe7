"""Segments of a png against those of the json: ids, areas, boxes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..json_checks.fields import few
from ..json_checks.problem import Problem, error

Extent = tuple[int, list[int]]  # pixels; left, top, width, height


def png_segment_problems(
    path: str, segments: Sequence[Mapping[str, Any]], found: Mapping[int, Extent]
) -> Iterator[Problem]:
    """Compare.

    Args:
        path: The png.
        segments: Of the json, each with ``id``, ``bbox`` and perhaps ``area``.
        found: Area and box by id in the png; 0 = void.

    Yields:
        Errors naming the ids that one of both lacks, and wrong areas and boxes.
    """
    listed = {segment['id']: segment for segment in segments}
    only_png = set(found) - set(listed) - {0}
    only_json = set(listed) - set(found)
    if only_png or only_json:
        message = (
            f'the png has ids that segments_info of the json lacks: {few(only_png)}, '
            f'the json has ids that the png lacks: {few(only_json)}{_hint(only_png)}'
        )
        yield error(path, 'ids in png and json', message)
    for number, segment in listed.items():
        if number in found:
            yield from _extent_problems(path, segment, found[number])


def _extent_problems(
    path: str, segment: Mapping[str, Any], extent: Extent
) -> Iterator[Problem]:
    area, box = extent
    place = f'id {segment["id"]}'
    if segment.get('area', area) != area:
        message = f'{place} has {area} pixels in the png, area {segment["area"]}'
        yield error(path, 'areas', f'{message} in the json')
    if list(segment['bbox']) != box:
        message = (
            f'{place} has its box (left, top, width, height) at {box} in the png, '
            f'bbox {list(segment["bbox"])} in the json'
        )
        yield error(path, 'boxes', message)


def _hint(ids: set[int]) -> str:
    """Advice where a grey png was read: its three bytes are equal."""
    if ids and all(i == (i & 255) * 0x010101 for i in ids):
        return '; is the png grey? Its ids must be colours, R + 256 G + 65536 B'
    return ''
