"""A tiny folder of the shape of ADEChallengeData2016, with instance annotations."""

from pathlib import Path

import cv2
import numpy as np

FOLDERS = {'training': 'train', 'validation': 'val'}
WALL, SKY, TREE = 1, 3, 5  # semantic numbers; a tree is stuff of mmdet's 50
BED, PERSON = 8, 13  # semantic numbers of two things
BED_INSTANCE, PERSON_INSTANCE = 1, 4  # their numbers in instance pngs


def make_ade20k(
    root: Path, num: int = 4, size: tuple[int, int] = (64, 96), seed: int = 0
) -> Path:
    """Write ``num`` training and as many validation images; return ``root``.

    Every image has sky, wall, two trees, a bed, two persons, a person without an
    instance (void in the panoptic set) and a corner that is no class.

    Args:
        root: The folder ``ADEChallengeData2016``.
        num: Images of each split.
        size: Height and width, pixels.
        seed: Of the images' noise and of positions.
    """
    rng = np.random.default_rng(seed)
    for folder, name in FOLDERS.items():
        for number in range(1, num + 1):
            semantic, instance = _annotations(rng, size)
            noise = rng.integers(0, 40, (*size, 3))
            image = (semantic[..., None] * (9, 5, 13) + noise).astype(np.uint8)
            stem = f'ADE_{name}_{number:08d}'
            _write(root / 'images' / folder / f'{stem}.jpg', image)
            _write(root / 'annotations' / folder / f'{stem}.png', semantic)
            rgb = instance[..., ::-1]
            _write(root / 'annotations_instance' / folder / f'{stem}.png', rgb)
    return root


def _annotations(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Semantic png, ``(H, W)``, and instance png, ``(H, W, 3)`` RGB."""
    height, width = size
    semantic = np.full(size, WALL, np.uint8)
    semantic[: height // 3] = SKY
    instance = np.zeros((*size, 3), np.uint8)
    step = width // 6
    rows = slice(height // 2, height // 2 + height // 4 + int(rng.integers(3)))
    for column in (0, 2):
        semantic[: height // 4, column * step : (column + 1) * step] = TREE
    objects = [(BED, BED_INSTANCE, 1), (PERSON, PERSON_INSTANCE, 2)]
    objects += [(PERSON, PERSON_INSTANCE, 3), (PERSON, 0, 0)]
    for column, (label, label100, number) in enumerate(objects):
        columns = slice(column * step, (column + 1) * step)
        semantic[rows, columns] = label
        instance[rows, columns, :2] = label100, number
    semantic[-3:, -3:] = 0
    return semantic, instance


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
