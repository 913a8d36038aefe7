"""Data sets drawn at random, together with what a reader must find in them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from hypothesis import strategies as st

from mmpisr.datasets import PanopticDataset

VOID = -1
NAMES = ('road', 'sky', 'car', 'person', 'tree', 'ünï çode', 'traffic light', 'a/b')
Segment = tuple[str, bool, bytes]  # class, crowd, mask


class Category(NamedTuple):
    """A class: its value in label pictures, its name, whether it has instances."""

    id: int
    name: str
    isthing: int


class Scene(NamedTuple):
    """An image with its truth.

    Attributes:
        picture: BGR, one colour a segment, ``(H, W, 3)`` uint8.
        classes: Position in the list of categories, -1 = void, ``(H, W)`` int64.
        numbers: Of instances, 0 = none: a crowd if a thing, ``(H, W)`` int64.
    """

    picture: np.ndarray
    classes: np.ndarray
    numbers: np.ndarray


@st.composite
def category_lists(draw, *, max_id: int = 254) -> list[Category]:
    """Two to six classes, at least one a thing, in any order."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    n = len(names)
    ids = draw(st.lists(st.integers(0, max_id), min_size=n, max_size=n, unique=True))
    things = draw(st.integers(1, 2**n - 1))
    return [
        Category(number, name, things >> i & 1)
        for i, (number, name) in enumerate(zip(ids, names, strict=True))
    ]


def draw_scene(
    seed: int,
    categories: Sequence[Category],
    *,
    size: tuple[int, int],
    highest_number: int = 9,
) -> Scene:
    """A background with void beside it, and up to six rectangles laid over it."""
    rng = np.random.default_rng(seed)
    classes = np.full(size, VOID)
    numbers = np.zeros(size, np.int64)
    for _ in range(int(rng.integers(1, 8))):
        (top, bottom), (left, right) = (
            np.sort(rng.choice(side + 1, 2, replace=False)) for side in size
        )
        position = int(rng.integers(VOID, len(categories)))
        thing = position != VOID and categories[position].isthing
        number = int(rng.integers(0, highest_number + 1)) if thing else 0
        classes[top:bottom, left:right] = position
        numbers[top:bottom, left:right] = number
    pairs = np.unique(np.stack([classes, numbers], -1).reshape(-1, 2), axis=0)
    picture = np.zeros((*size, 3), np.uint8)
    for position, number in pairs:
        mask = (classes == position) & (numbers == number)
        picture[mask] = rng.integers(0, 256, 3)
    return Scene(picture, classes, numbers)


def true_segments(scene: Scene, categories: Sequence[Category]) -> set[Segment]:
    """What a reader must find: each class and number, number 0 of a thing a crowd."""
    found = set()
    for position, category in enumerate(categories):
        mask = scene.classes == position
        for number in np.unique(scene.numbers[mask]).tolist():
            crowd = bool(category.isthing) and number == 0
            part = mask & (scene.numbers == number)
            found.add((category.name, crowd, part.tobytes()))
    return found


def read_back(json_path: Path, pngs: Path, images: Path, **fields) -> dict[str, tuple]:
    """Picture and segments of every image by its file name, as training loads them."""
    dataset = PanopticDataset(
        ann_file=str(json_path),
        data_prefix=dict(img=str(images), seg=str(pngs)),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmpisr.LoadPanopticSegments'),
        ],
        **fields,
    )
    names = dataset.metainfo['classes']
    found = {}
    for position in range(len(dataset)):
        item = dataset[position]
        properties = item['segments']
        segments = {
            (names[label], bool(crowd), (item['gt_seg_map'] == number).tobytes())
            for number, (label, crowd) in enumerate(
                zip(properties['labels'], properties['is_crowd'], strict=True), 1
            )
        }
        name = Path(item['img_path']).relative_to(images).as_posix()
        found[name] = (item['img'], segments)
    return found


def panoptic_content(
    scenes: dict[str, Scene], categories: Sequence[Category], *, seed: int
) -> tuple[dict, dict[str, np.ndarray]]:
    """A correct COCO-panoptic json, things first, and the id map of each png."""
    rng = np.random.default_rng(seed)
    maps, images, annotations = {}, [], []
    for position, (name, scene) in enumerate(scenes.items()):
        image_id = 7 + 3 * position
        height, width = scene.classes.shape
        png = f'{Path(name).with_suffix("")}.png'
        images.append(dict(id=image_id, file_name=name, height=height, width=width))
        maps[png], segments = _segments(scene, categories, rng)
        annotations.append(
            dict(image_id=image_id, file_name=png, segments_info=segments)
        )
    things_first = sorted(categories, key=lambda category: -category.isthing)
    content = dict(
        images=images,
        annotations=annotations,
        categories=[category._asdict() for category in things_first],
    )
    return content, maps


def _segments(scene, categories, rng) -> tuple[np.ndarray, list[dict]]:
    ids = np.zeros(scene.classes.shape, np.int64)
    segments: list[dict] = []
    for position, category in enumerate(categories):
        mask = scene.classes == position
        for number in np.unique(scene.numbers[mask]).tolist():
            part = mask & (scene.numbers == number)
            taken = {segment['id'] for segment in segments}
            new = next(n for n in iter(lambda: _random_id(rng), 0) if n not in taken)
            ids[part] = new
            rows, columns = np.nonzero(part)
            left, top = int(columns.min()), int(rows.min())
            width, height = int(columns.max()) + 1 - left, int(rows.max()) + 1 - top
            segments.append(
                dict(
                    id=new,
                    category_id=category.id,
                    area=int(part.sum()),
                    bbox=[left, top, width, height],
                    iscrowd=int(bool(category.isthing) and number == 0),
                )
            )
    return ids, segments


def _random_id(rng) -> int:
    return int(rng.integers(1, 2**24))


def write_panoptic(
    root: Path, content: dict, maps: dict[str, np.ndarray], scenes: dict[str, Scene]
) -> None:
    """Write json, pngs and images below ``root``."""
    for name, scene in scenes.items():
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(path.suffix, scene.picture)[1].tobytes())
    for name, ids in maps.items():
        path = root / 'pngs' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        bgr = np.stack([ids >> 16, ids >> 8 & 255, ids & 255], -1).astype(np.uint8)
        path.write_bytes(cv2.imencode('.png', bgr)[1].tobytes())
    (root / 'panoptic.json').write_text(json.dumps(content))
