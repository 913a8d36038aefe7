"""Read a folder of Labelme's jsons as one json of instances."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from ..panoptic_json import read_json


def read_labelme(folder: Path, leave_out: Callable[[str, str], None]) -> dict[str, Any]:
    """Read all jsons with ``shapes``; one label and ``group_id`` are one instance.

    Args:
        folder: Searched with its subfolders.
        leave_out: Called with a kind and a place for what is no outline.

    Returns:
        Images, annotations with their place in the files, and categories by name.

    Raises:
        ValueError: A file is truncated, or a shape lacks a field or has wrong points.
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for path in sorted(folder.rglob('*.json')):
        content = read_json(str(path))
        if not isinstance(content.get('shapes'), list):
            leave_out('jsons are not of Labelme', str(path))
            continue
        name = str(content.get('imagePath') or f'{path.stem}.jpg').replace('\\', '/')
        image = dict(id=len(images) + 1, file_name=str(path.parent / name))
        image |= {k: content.get(f'image{k.title()}') for k in ('height', 'width')}
        images.append(image)
        groups: dict[Any, dict] = {}
        for position, shape in enumerate(content['shapes']):
            where = f'{path}: shapes[{position}]'
            label, group, outline = _read(where, shape, content)
            if outline is None:
                leave_out('shapes are points or lines, which have no area', where)
                continue
            key = position if group is None else (label, group)
            new = dict(image_id=image['id'], category_id=label, segmentation=[])
            groups.setdefault(key, dict(new, where=where))['segmentation'] += [outline]
        annotations += groups.values()
    names = sorted({annotation['category_id'] for annotation in annotations})
    for annotation in annotations:
        annotation['category_id'] = names.index(annotation['category_id']) + 1
    categories = [dict(id=i, name=name) for i, name in enumerate(names, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def _read(where: str, shape: Mapping, content: Mapping) -> tuple[str, Any, Any]:
    """Label, group and outline of a shape; None for one without area."""
    try:
        kind = shape.get('shape_type') or 'polygon'  # absent before Labelme 3.5
        outline = SHAPES[kind](shape, content) if kind in SHAPES else None
        if kind not in SHAPES and kind not in WITHOUT_AREA:
            raise ValueError(f'known are {[*SHAPES, *WITHOUT_AREA]}')
        return str(shape['label']), shape.get('group_id'), outline
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as reason:
        raise ValueError(
            f'{where} is {json.dumps(shape)[:120]}, expected label, shape_type and '
            f'points of [x, y] ({type(reason).__name__}: {reason})'
        ) from reason


def _polygon(shape: Mapping, _: Mapping) -> list[float]:
    return [number for x, y in shape['points'] for number in (x, y)]


def _rectangle(shape: Mapping, content: Mapping) -> list[float]:
    if len(shape['points']) != 2:  # four corners in some versions
        return _polygon(shape, content)
    (left, top), (right, bottom) = shape['points']
    return [left, top, right, top, right, bottom, left, bottom]


def _circle(shape: Mapping, _: Mapping) -> list[float]:
    """64 points round the first one, as far away as the second."""
    (x, y), edge = shape['points']
    radius, steps = math.dist((x, y), edge), [math.pi * i / 32 for i in range(64)]
    points = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in steps]
    return [number for point in points for number in point]


def _mask(shape: Mapping, content: Mapping) -> dict[str, Any]:
    """Run lengths of a picture in base64 whose left upper pixel is the first point."""
    with Image.open(BytesIO(base64.b64decode(shape['mask']))) as picture:
        part = np.asarray(picture) > 0
    left, top = (round(number) for number in shape['points'][0])
    whole = np.zeros((content['imageHeight'], content['imageWidth']), np.uint8)
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    rle = coco_mask.encode(np.asfortranarray(whole))
    return dict(rle, counts=rle['counts'].decode())


SHAPES = dict(polygon=_polygon, rectangle=_rectangle, circle=_circle, mask=_mask)
WITHOUT_AREA = ('point', 'points', 'line', 'linestrip')
