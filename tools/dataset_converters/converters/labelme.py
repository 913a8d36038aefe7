"""Read a folder of Labelme's jsons as one json of instances."""

import base64
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from mmpisr.datasets.panoptic_json import read_json

WITHOUT_AREA = ('point', 'points', 'line', 'linestrip')


def read_labelme(folder: Path, left_out: dict[str, list[str]]) -> dict[str, Any]:
    """Read all jsons with ``shapes``; shapes of one label and group are one instance.

    Annotations have their place in the files as ``where``. Shapes without area are
    added to ``left_out``.

    Raises:
        ValueError: A file is truncated, or a shape lacks a field or has wrong points.
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for path in sorted(folder.rglob('*.json')):
        content = read_json(str(path))
        if not isinstance(content.get('shapes'), list):
            left_out['jsons are not of Labelme'].append(str(path))
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
                left_out['shapes are points or lines, which have no area'] += [where]
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
    """Label, group and outline of a shape."""
    try:
        return str(shape['label']), shape.get('group_id'), _outline(shape, content)
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as reason:
        raise ValueError(
            f'{where} is {json.dumps(shape)[:120]}, expected label, shape_type and '
            f'points of [x, y] ({type(reason).__name__}: {reason})'
        ) from reason


def _outline(shape: Mapping, content: Mapping) -> Any:
    """A polygon or run lengths; None of a shape without area."""
    kind = shape.get('shape_type') or 'polygon'  # absent before Labelme 3.5
    points: Any = np.array(shape['points'], float).reshape(len(shape['points']), 2)
    if kind in WITHOUT_AREA:
        return None
    if kind == 'mask':
        return _mask(shape['mask'], points[0].round().astype(int), content)
    if kind == 'circle':
        (centre, edge), angles = points, np.arange(64) * np.pi / 32
        rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        points = centre + np.linalg.norm(edge - centre) * rays
    elif kind == 'rectangle' and len(points) == 2:  # four in some versions
        (left, top), (right, low) = points
        points = np.array([[left, top], [right, top], [right, low], [left, low]])
    elif kind not in ('polygon', 'rectangle'):
        raise ValueError(f'known are polygon, rectangle, circle, mask, {WITHOUT_AREA}')
    return points.ravel().tolist()


def _mask(picture: str, first: np.ndarray, content: Mapping) -> dict[str, Any]:
    """Run lengths of a picture in base64 whose left upper pixel is ``first``."""
    with Image.open(BytesIO(base64.b64decode(picture))) as image:
        part = np.asarray(image) > 0
    whole = np.zeros((content['imageHeight'], content['imageWidth']), np.uint8)
    whole[first[1] :, first[0] :][: part.shape[0], : part.shape[1]] = part
    rle = coco_mask.encode(np.asfortranarray(whole))
    return dict(rle, counts=rle['counts'].decode())
