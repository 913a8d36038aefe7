"""Write embedded scenes as a COCO-panoptic dataset: complete, or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmpisr.files import write_atomically

from ..run_in_order import run_in_order
from .canvas import DEFAULT_SIZE
from .coco_format import categories, segment_png, segments_info
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

    A split that is there with the same parameters is kept. A split appears only when
    it is complete, so an interrupted run is simply started again.

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
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')

    plans = [
        SplitPlan(split, num, (height, width), seed)
        for split, num in zip(SPLITS, (num_train, num_val), strict=True)
    ]
    for plan in [plan for plan in plans if not _is_there(Path(out), plan)]:
        _write_split(Path(out), plan, workers)


def _is_there(out: Path, plan: SplitPlan) -> bool:
    """Whether a split is there; one with other parameters is an error."""
    path = _json_path(out, plan.split)
    if not path.is_file():
        return False
    try:
        found = json.loads(path.read_text()).get('info', {}).get('parameters')
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not a complete json ({error}), remove it') from error
    if found != plan.parameters():
        raise ValueError(
            f'{path}: info.parameters are {found}, asked for are '
            f'{plan.parameters()}; choose another folder or remove this one'
        )
    folders = _folders(out, plan.split)
    counts = [len(os.listdir(f)) if f.is_dir() else 0 for f in folders]
    return counts == [plan.num, plan.num]


def _write_split(out: Path, plan: SplitPlan, workers: int) -> None:
    """Write into a temporary folder, then move images, pngs and json in place."""
    for folder in _folders(out, plan.split):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix='.partial-') as partial_folder:
        temporary = Path(partial_folder)
        content = _draw_split(temporary, plan, workers)
        _json_path(out, plan.split).unlink(missing_ok=True)
        for made, final in zip(
            _folders(temporary, plan.split), _folders(out, plan.split), strict=True
        ):
            shutil.rmtree(final, ignore_errors=True)
            made.replace(final)
        made_json = temporary / 'split.json'
        made_json.write_text(json.dumps(content))
        made_json.replace(_json_path(out, plan.split))


def _draw_split(folder: Path, plan: SplitPlan, workers: int) -> dict[str, Any]:
    """Draw all scenes of a split and give its json."""
    for subfolder in _folders(folder, plan.split):
        subfolder.mkdir(parents=True)
    draw = partial(_write_scene, folder, plan)
    title = f'Drawing scenes of {plan.split}'
    annotations = [*run_in_order(title, draw, range(plan.num), workers=workers)]
    height, width = plan.size
    images = [
        dict(
            id=annotation['image_id'],
            file_name=annotation['file_name'],
            height=height,
            width=width,
        )
        for annotation in annotations
    ]
    return dict(
        info=dict(description='mmpisr scenes', parameters=plan.parameters()),
        categories=categories(),
        images=images,
        annotations=annotations,
    )


def _write_scene(folder: Path, plan: SplitPlan, index: int) -> dict[str, Any]:
    """Draw and write one scene; return its annotation."""
    scene = draw_scene(plan.scene_seed(index), plan.size)
    name = f'{index:06d}.png'
    image_folder, png_folder = _folders(folder, plan.split)
    bgr = np.ascontiguousarray(scene.image[..., ::-1])
    write_atomically(image_folder / name, cv2.imencode('.png', bgr)[1].tobytes())
    write_atomically(png_folder / name, segment_png(scene))
    return dict(image_id=index + 1, file_name=name, segments_info=segments_info(scene))


def _folders(root: Path, split: str) -> tuple[Path, Path]:
    return root / 'images' / split, root / 'annotations' / f'panoptic_{split}'


def _json_path(root: Path, split: str) -> Path:
    return root / 'annotations' / f'panoptic_{split}.json'
