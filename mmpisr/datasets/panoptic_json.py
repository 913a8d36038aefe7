"""Read a COCO-panoptic json and refuse what would go wrong later.

Every error names the file, the field and both values. Nothing here knows mmdet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from json import JSONDecodeError
from typing import Any

from mmengine.fileio import load

MAX_SEGMENT_ID = 2**24 - 1  # three bytes of a png
IGNORE_LABEL = 255  # in semantic maps, so a class may not have it


def read_panoptic_json(path: str, *, backend_args: dict | None = None) -> dict:
    """Load the json; a missing or truncated file is an error that names it."""
    try:
        content = load(path, file_format='json', backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'annotation file {path!r} does not exist') from error
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f'{path}: not a complete json, is it truncated? ({error})'
        ) from error
    if not isinstance(content, Mapping):
        raise ValueError(
            f'{path}: expected an object at the top, got {type(content).__name__}'
        )
    return dict(content)


def check_categories(path: str, categories: Sequence[Mapping[str, Any]]) -> None:
    """Refuse missing fields, doubles, and stuff that is listed before a thing."""
    for position, category in enumerate(categories):
        _require(path, f'categories[{position}]', category, ('id', 'name', 'isthing'))
    _refuse_doubles(path, 'categories[].id', (c['id'] for c in categories))
    _refuse_doubles(path, 'categories[].name', (c['name'] for c in categories))

    flags = [bool(c['isthing']) for c in categories]
    if flags != sorted(flags, reverse=True):
        stuff = flags.index(False)
        thing = flags.index(True, stuff)
        raise ValueError(
            f'{path}: categories[].isthing must list things first, but stuff '
            f'{categories[stuff]["name"]!r} (position {stuff}) comes before thing '
            f'{categories[thing]["name"]!r} (position {thing})'
        )
    if len(categories) > IGNORE_LABEL:
        raise ValueError(
            f'{path}: {len(categories)} categories, but at most {IGNORE_LABEL} are '
            f'possible: label {IGNORE_LABEL} means ignored'
        )


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
    for key in ('classes', 'thing_classes', 'stuff_classes'):
        ours, theirs = tuple(given.get(key, read[key])), tuple(read[key])
        if ours == theirs:
            continue
        pairs = zip(ours, theirs, strict=False)
        first = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
        where = '' if first is None else f', first at {first}'
        raise ValueError(
            f'{path}: metainfo[{key!r}] has {len(ours)} names and the categories of '
            f'the json {len(theirs)}; they differ{where}: {ours} against {theirs}'
        )


def check_images(path: str, images: Sequence[Mapping[str, Any]]) -> None:
    """Refuse images without the needed fields, and doubled ids."""
    for position, image in enumerate(images):
        _require(
            path, f'images[{position}]', image, ('id', 'file_name', 'height', 'width')
        )
    _refuse_doubles(path, 'images[].id', (image['id'] for image in images))


def check_annotations(
    path: str,
    annotations: Sequence[Mapping[str, Any]],
    image_ids: Iterable[int],
    category_ids: Iterable[int],
) -> None:
    """Refuse annotations that do not pair with the images one to one."""
    for position, annotation in enumerate(annotations):
        fields = ('image_id', 'file_name', 'segments_info')
        _require(path, f'annotations[{position}]', annotation, fields)
    annotated = [annotation['image_id'] for annotation in annotations]
    _refuse_doubles(path, 'annotations[].image_id', annotated)

    listed = set(image_ids)
    without = listed.difference(annotated)
    unlisted = set(annotated) - listed
    if without or unlisted:
        raise ValueError(
            f'{path}: {len(listed)} images[].id against {len(annotated)} '
            f'annotations[].image_id: images without annotation {_few(without)}, '
            f'annotations without image {_few(unlisted)}'
        )
    known = set(category_ids)
    for annotation in annotations:
        _check_segments(path, annotation, known)


def _check_segments(
    path: str, annotation: Mapping[str, Any], category_ids: set[int]
) -> None:
    where = f'segments_info of image_id {annotation["image_id"]}'
    segments = annotation['segments_info']
    for position, segment in enumerate(segments):
        fields = ('id', 'category_id', 'bbox')
        _require(path, f'{where} [{position}]', segment, fields)
        if segment['category_id'] not in category_ids:
            raise ValueError(
                f'{path}: {where} has category_id {segment["category_id"]}, which '
                f'categories[].id lacks: {_few(category_ids, 12)}'
            )
        if not 0 < segment['id'] <= MAX_SEGMENT_ID:
            raise ValueError(
                f'{path}: {where} has id {segment["id"]}, but a png holds 1 to '
                f'{MAX_SEGMENT_ID} (0 is void)'
            )
    _refuse_doubles(path, f'{where}, id', (segment['id'] for segment in segments))


def _require(
    path: str, where: str, item: Mapping[str, Any], fields: tuple[str, ...]
) -> None:
    for field in fields:
        if field not in item:
            raise ValueError(
                f'{path}: {where} lacks field {field!r}; it has {sorted(item)}'
            )


def _refuse_doubles(path: str, field: str, values: Iterable[Any]) -> None:
    doubled = {value: n for value, n in Counter(values).items() if n > 1}
    if doubled:
        raise ValueError(
            f'{path}: {field} must be unique, but value: count is {_few(doubled)}'
        )


def _few(values: Mapping | Iterable, limit: int = 5) -> str:
    """At most ``limit`` of the values in order, and how many more there are."""
    items = sorted(values)
    shown = items[:limit]
    more = f' and {len(items) - limit} more' if len(items) > limit else ''
    if isinstance(values, Mapping):
        return f'{ {key: values[key] for key in shown} }{more}'
    return f'{shown}{more}'
