"""Truth and predictions for ``benchmark_metric.py``: any number, made as needed.

The truth is a COCO-panoptic json whose images repeat those that are there; every one
has its own name and id, and a link to a png. A prediction is the truth of its image,
shifted and coarsened at random.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmpisr.datasets.cityscapes_labels import official_categories, things_first
from mmpisr.datasets.segment_png import (
    decode_segment_ids,
    encode_segment_ids,
    segment_extents,
)

sys.path.append(str(Path(__file__).parents[1] / 'dataset_converters'))
from converters.cityscapes_truth import read_segments  # noqa: E402

JSON, PNGS = 'truth.json', 'truth'
MAX_SHIFT, COARSE = 6, 4  # pixels


def coco_truth(ann_file: Path, seg_folder: Path) -> tuple[list[dict], list[tuple]]:
    """Read categories, and a png and its segments for each image of a json."""
    content = json.loads(ann_file.read_text())
    truths = [
        (seg_folder / annotation['file_name'], annotation['segments_info'])
        for annotation in content['annotations']
    ]
    return content['categories'], truths


def cityscapes_truth(root: Path, folder: Path) -> tuple[list[dict], list[tuple]]:
    """Do the same for Cityscapes' ``gtFine``; pngs are written into a folder.

    Raises:
        FileNotFoundError: There is no ``gtFine/*/*/*_instanceIds.png``.
    """
    paths = sorted((root / 'gtFine').glob('*/*/*_instanceIds.png'))
    if not paths:
        raise FileNotFoundError(f'{root}: no gtFine/*/*/*_instanceIds.png')
    truths = []
    for path in paths:
        ids, infos = read_segments(str(path), None, train_ids=False)
        areas = dict(zip(*segment_extents(ids)[:2], strict=True))
        png = folder / path.name
        png.write_bytes(encode_segment_ids(ids))
        truths.append((png, [{**s, 'area': int(areas[s['id']])} for s in infos]))
    return [dict(c) for c in things_first(official_categories())], truths


def write_truth(
    folder: Path, categories: list[dict], truths: list[tuple], num: int
) -> None:
    """Write ``truth.json`` of ``num`` images and ``truth/``, links to the pngs."""
    (folder / PNGS).mkdir()
    images, annotations = [], []
    for number in range(num):
        png, segments = truths[number % len(truths)]
        name = f'{number:06d}'
        (folder / PNGS / f'{name}.png').symlink_to(png.resolve())
        height, width = decode_segment_ids(png.read_bytes()).shape
        images.append(
            dict(id=number + 1, file_name=f'{name}.jpg', height=height, width=width)
        )
        annotations.append(
            dict(image_id=number + 1, file_name=f'{name}.png', segments_info=segments)
        )
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / JSON).write_text(json.dumps(content))


class Predictions:
    """Data samples with predictions, the same for the same seed and place.

    Args:
        folder: As ``write_truth`` leaves it.
        seed: Of the shifts.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        content = json.loads((folder / JSON).read_text())
        self.folder = folder
        self.seed = seed
        self.annotations = content['annotations']
        self.categories = content['categories']

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.annotations)

    def batches(self, size: int) -> Iterator[list[dict]]:
        """All samples in order, ``size`` at a time."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield [self.sample(place) for place in range(start, stop)]

    def sample(self, place: int) -> dict[str, Any]:
        """Make the sample of one image."""
        annotation = self.annotations[place]
        png = self.folder / PNGS / annotation['file_name']
        truth = self._encoded(
            decode_segment_ids(png.read_bytes()), annotation['segments_info']
        )
        rng = np.random.default_rng((self.seed, place))
        shift = rng.integers(-MAX_SHIFT, MAX_SHIFT + 1, size=2)
        coarse = np.roll(truth, shift, axis=(0, 1))[::COARSE, ::COARSE]
        size = truth.shape[::-1]
        pred = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)
        return dict(
            img_id=annotation['image_id'],
            img_path=str(Path(annotation['file_name']).with_suffix('.jpg')),
            ori_shape=truth.shape,
            pred_panoptic_seg=dict(sem_seg=torch.from_numpy(pred)[None].long()),
        )

    def dataset_meta(self) -> dict[str, list[str]]:
        """Class names as a dataset carries them."""
        return dict(
            classes=[c['name'] for c in self.categories],
            thing_classes=[c['name'] for c in self.categories if c['isthing']],
        )

    def _encoded(self, ids: np.ndarray, segments: list[dict]) -> np.ndarray:
        """The truth in mmdet's encoding, ``(H, W)`` int32."""
        label_of = {c['id']: label for label, c in enumerate(self.categories)}
        encoded = np.full(ids.shape, len(label_of), dtype=np.int32)
        for number, info in enumerate(segments, start=1):
            label = label_of[info['category_id']]
            instance = number if self.categories[label]['isthing'] else 0
            encoded[ids == info['id']] = label + INSTANCE_OFFSET * instance
        return encoded
