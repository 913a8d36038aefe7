"""Make the embedded dataset: ``python generate_scenes.py --out data/scenes``."""

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import cv2
import numpy as np
from converters.classes_file import numbered_categories
from converters.numbering import COLOUR_STEP
from converters.split import ImageJob, convert_split
from scenes import DEFAULT_SIZE, draw_scene

from mmpisr.command_line import run_tool
from mmpisr.datasets.panoptic_scenes import STUFF, THINGS
from mmpisr.files import write_atomically

VERSION = 1  # of the pictures; raise it when the same seed gives other bytes
MIN_SIDE = 32
CATEGORIES = numbered_categories(THINGS | STUFF, len(THINGS))
CATEGORY_IDS = {category['name']: category['id'] for category in CATEGORIES}


def main() -> None:
    """Read the command line and make the dataset."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('--out', default='data/scenes', help='folder of the dataset')
    add('--num-train', type=int, default=400, help='training scenes')
    add('--num-val', type=int, default=100, help='evaluation scenes')
    size = ('HEIGHT', 'WIDTH')
    add('--size', type=int, nargs=2, default=DEFAULT_SIZE, metavar=size, help='pixels')
    add('--seed', type=int, default=0, help='same seed, same bytes')
    add('--workers', type=int, default=2, help='processes')
    run_tool(parser, generate_scenes)


def generate_scenes(
    out: str | Path,
    *,
    num_train: int = 400,
    num_val: int = 100,
    size: Sequence[int] = DEFAULT_SIZE,
    seed: int = 0,
    workers: int = 2,
) -> None:
    """Draw the dataset into a folder; the same arguments give the same bytes.

    A split that exists with the same arguments is kept, and an interrupted run
    continues when it is started again. The json of a split is written last.

    Args:
        out: Folder, made if needed: ``images/{split}``,
            ``annotations/panoptic_{split}`` and ``annotations/panoptic_{split}.json``.
        num_train: Scenes to train on.
        num_val: Scenes to evaluate on, never seen in training.
        size: Height and width, pixels.
        seed: Of the dataset.
        workers: Processes; 1 draws in this one.

    Raises:
        ValueError: The folder has a split made with other arguments, or an argument
            is out of range.
    """
    height, width = size
    if min(height, width) < MIN_SIDE:
        raise ValueError(f'size is {height} x {width}, both must be >= {MIN_SIDE}')
    for name, value in (('num_train', num_train), ('num_val', num_val), ('seed', seed)):
        if value < 0:
            raise ValueError(f'{name} must not be negative, got {value}')
    for number, (split, num) in enumerate(dict(train=num_train, val=num_val).items()):
        folder = Path(out, 'images', split)
        draw = partial(_draw, seed=(seed, number), size=(height, width))
        parameters = dict(
            split=split, num=num, size=[height, width], seed=seed, version=VERSION
        )
        convert_split(
            [_job(draw, folder, index, (height, width)) for index in range(num)],
            categories=CATEGORIES,
            json_path=Path(out, f'annotations/panoptic_{split}.json'),
            info=dict(description='mmpisr scenes', parameters=parameters),
            workers=workers,
        )
    print(f'{num_train} + {num_val} scenes are in {out}')


def _job(draw: partial, folder: Path, index: int, size: tuple[int, int]) -> ImageJob:
    name, (height, width) = f'{index:06d}.png', size
    return ImageJob(
        dict(id=index + 1, file_name=name, height=height, width=width),
        name,
        partial(draw, folder / name, index),
        outputs=(folder / name,),
    )


def _draw(
    path: Path, index: int, *, seed: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Draw a scene, write its image and return its segments.

    A scene has its own seed, so that order and number of processes do not matter.
    """
    scene = draw_scene((*seed, index), size)
    bgr = np.ascontiguousarray(scene.image[..., ::-1])
    write_atomically(path, cv2.imencode('.png', bgr)[1].tobytes())
    ids = np.arange(len(scene.segments) + 1) * COLOUR_STEP % 2**24
    infos = [
        dict(id=number, category_id=CATEGORY_IDS[name], iscrowd=int(is_crowd))
        for number, (name, is_crowd) in zip(
            ids[1:].tolist(), scene.segments, strict=True
        )
    ]
    return ids[scene.index_map], infos


if __name__ == '__main__':
    main()
