"""Write embedded scenes as a COCO-panoptic dataset, like any other conversion."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmpisr.files import write_atomically

from ..converters import ImageJob, convert_split
from .canvas import DEFAULT_SIZE
from .coco_format import categories, segments
from .render import draw_scene

VERSION = 1  # of the pictures; raise it when the same seed gives other bytes
SPLITS = ('train', 'val')
MIN_SIDE = 32


class SplitPlan(NamedTuple):
    """What decides every byte of one split."""

    split: str
    num: int
    size: tuple[int, int]
    seed: int

    def scene_seed(self, index: int) -> tuple[int, int, int]:
        """Of one scene: independent of order and number of processes."""
        return self.seed, SPLITS.index(self.split), index

    def parameters(self) -> dict[str, Any]:
        """As recorded in the json's ``info``."""
        return dict(self._asdict(), size=list(self.size), version=VERSION)


def generate_scenes(
    out: str | Path,
    *,
    num_train: int = 400,
    num_val: int = 100,
    size: Sequence[int] = DEFAULT_SIZE,
    seed: int = 0,
    workers: int = 2,
) -> None:
    """Make the dataset in a folder; the same arguments give the same bytes.

    A split that is there with the same parameters is kept, and an interrupted run goes
    on when it is started again. The json appears when its split is complete.

    Args:
        out: Folder, made where needed: ``images/{split}``,
            ``annotations/panoptic_{split}`` and ``annotations/panoptic_{split}.json``.
        num_train: Scenes to train on.
        num_val: Scenes to evaluate on, never seen in training.
        size: Height and width, pixels.
        seed: Of the dataset.
        workers: Processes; 1 draws in this one.

    Raises:
        ValueError: The folder has a split made with other parameters, or an argument
            is out of range.
    """
    height, width = size
    if min(height, width) < MIN_SIDE:
        raise ValueError(f'size is {height} x {width}, both must be >= {MIN_SIDE}')
    for name, value in (('num_train', num_train), ('num_val', num_val), ('seed', seed)):
        if value < 0:
            raise ValueError(f'{name} must not be negative, got {value}')
    for split, num in zip(SPLITS, (num_train, num_val), strict=True):
        _write_split(Path(out), SplitPlan(split, num, (height, width), seed), workers)


def _write_split(out: Path, plan: SplitPlan, workers: int) -> None:
    json_path = out / f'annotations/panoptic_{plan.split}.json'
    jobs = [_job(out / 'images' / plan.split, plan, index) for index in range(plan.num)]
    convert_split(
        jobs,
        categories=categories(),
        json_path=json_path,
        info=dict(description='mmpisr scenes', parameters=plan.parameters()),
        workers=workers,
    )


def _job(folder: Path, plan: SplitPlan, index: int) -> ImageJob:
    name, (height, width) = f'{index:06d}.png', plan.size
    return ImageJob(
        dict(id=index + 1, file_name=name, height=height, width=width),
        name,
        partial(_draw, folder / name, plan, index),
        outputs=(folder / name,),
    )


def _draw(
    path: Path, plan: SplitPlan, index: int
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Draw a scene, write its image and give its segments."""
    scene = draw_scene(plan.scene_seed(index), plan.size)
    bgr = np.ascontiguousarray(scene.image[..., ::-1])
    write_atomically(path, cv2.imencode('.png', bgr)[1].tobytes())
    return segments(scene)
