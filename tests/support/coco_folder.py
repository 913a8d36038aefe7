"""A tiny folder of the shape of COCO 2017 with panoptic annotations and test2017."""

import json
from pathlib import Path

import cv2
import numpy as np
from coco import coco_categories

from mmpisr.datasets.segment_png import encode_segment_ids, segment_extents

PERSON, CAR, SKY, GRASS = 1, 3, 187, 193  # category ids
VOID, CATEGORY_OF = 0, {11: PERSON, 12: CAR, 300: SKY, 70_000: GRASS}


def make_coco(
    root: Path, num: int = 4, size: tuple[int, int] = (64, 96), seed: int = 0
) -> Path:
    """Write ``num`` images of each of train, val and test; return ``root``.

    All 133 categories are declared; every image has sky, grass, a person and a car,
    and a void corner.

    Args:
        root: Folder of COCO.
        num: Images of each split.
        size: Height and width, pixels.
        seed: Of the images' noise and of positions.
    """
    rng = np.random.default_rng(seed)
    (root / 'annotations').mkdir(parents=True, exist_ok=True)
    for offset, split in enumerate(('train2017', 'val2017', 'test2017')):
        numbers = range(offset * num + 1, (offset + 1) * num + 1)
        maps = {number: _segment_ids(rng, size) for number in numbers}
        images = [_write_image(root / split, n, ids, rng) for n, ids in maps.items()]
        name = f'panoptic_{split}'
        content = dict(info=dict(year=2017), images=images)
        if split == 'test2017':
            name = 'image_info_test-dev2017'
            content['categories'] = [
                dict(id=c['id'], name=c['name']) for c in coco_categories()[:80]
            ]
        else:
            content['categories'] = coco_categories()
            content['annotations'] = [
                _write_segments(root / 'annotations' / name, n, ids)
                for n, ids in maps.items()
            ]
        (root / 'annotations' / f'{name}.json').write_text(json.dumps(content))
    return root


def _segment_ids(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    person, car, sky, grass = CATEGORY_OF
    ids = np.full(size, grass, np.int64)
    ids[: height // 2] = sky
    top, left = height // 3, int(rng.integers(width // 8))
    ids[top : 2 * top, left : left + width // 4] = person
    ids[top : 2 * top, -left - width // 3 : -left - 1] = car
    ids[-3:, -3:] = VOID
    return ids


def _write_image(
    folder: Path, number: int, ids: np.ndarray, rng: np.random.Generator
) -> dict:
    folder.mkdir(exist_ok=True)
    name = f'{number:012d}.jpg'
    noise = rng.integers(0, 40, (*ids.shape, 3))
    image = (ids[..., None] * (3, 7, 5) % 200 + noise).astype(np.uint8)
    assert cv2.imwrite(str(folder / name), image)
    height, width = ids.shape
    return dict(id=number, file_name=name, height=height, width=width)


def _write_segments(folder: Path, number: int, ids: np.ndarray) -> dict:
    folder.mkdir(exist_ok=True)
    name = f'{number:012d}.png'
    (folder / name).write_bytes(encode_segment_ids(ids))
    segments = [
        dict(
            id=value,
            category_id=CATEGORY_OF[value],
            iscrowd=0,
            area=area,
            bbox=box,
        )
        for value, area, box in zip(
            *(part.tolist() for part in segment_extents(ids)), strict=True
        )
        if value != VOID
    ]
    return dict(image_id=number, file_name=name, segments_info=segments)
