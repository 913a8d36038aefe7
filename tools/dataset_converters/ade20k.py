"""Make ADE20K panoptic: ``python ade20k.py data/ADEChallengeData2016``.

Pixels are counted as in the official panoptic set: stuff from the semantic png, then
every instance over it. Things of the semantic png without an instance are void.

Names, order and ids of the categories are those of mmdet's ``ADE20KPanopticDataset``:
the id is the position, things first. Semantic pngs number the classes from 1 on in the
order of ``ADE20KSegDataset``, instance pngs the things in that of
``ADE20KInstanceDataset``.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import numpy as np
from converters.label_files import (
    read_label_file,
    read_label_values,
    refuse_other_size,
)
from converters.label_images import image_entries
from converters.layout import missing_files
from converters.numbering import (
    VOID_CATEGORY,
    connected_instances,
    distinct,
    look_up,
    number_segments,
)
from converters.split import ImageJob, convert_split

from mmpisr.command_line import run_tool
from mmpisr.datasets.image_folder import list_images

FOLDERS = dict(train='training', val='validation')
ANNOTATIONS = ('annotations', 'annotations_instance')
LAYOUT = """
ADEChallengeData2016/            (ADEChallengeData2016.zip)
  images/{training,validation}/ADE_*.jpg
  annotations/{training,validation}/ADE_*.png            0 = other, 1 to 150
  annotations_instance/{training,validation}/ADE_*.png   (annotations_instance.tar)
"""
NUM_CLASSES = 150
# Semantic numbers of the 15 classes that ADE20K's authors call objects (column
# ``Stuff`` of ``object150_info.csv`` in CSAILVision/semantic-segmentation-pytorch) but
# that have no instance annotations: tree, plant, rock, base, blind, bar, buffet,
# poster, canopy, tent, cradle, tank, blanket, crt screen and shower.
OBJECTS_WITHOUT_INSTANCES = (
    *(5, 18, 35, 41, 64, 78, 100, 101),
    *(107, 115, 118, 123, 132, 142, 146),
)


def main() -> None:
    """Read the command line and convert."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add, splits = parser.add_argument, [*FOLDERS]
    add('root', help='folder ADEChallengeData2016')
    add('--splits', nargs='+', choices=splits, default=splits, help='default: all')
    add(
        '--paper-split',
        action='store_true',
        help='115 things and 35 stuff instead of 100 and 50, in files of their own; '
        'instances of the 15 more things are connected regions',
    )
    add('--workers', type=int, default=2, help='processes')
    run_tool(parser, prepare_ade20k)


class Ade20kClasses(NamedTuple):
    """Categories, and the category of every number in the pngs."""

    categories: list[dict[str, Any]]  # of the json, things first
    of_semantic: dict[int, int]  # 1 to 150 -> category id
    of_instance: dict[int, int]  # 1 to 100 -> category id
    connected: tuple[int, ...]  # things whose instances are connected regions

    @property
    def thing_ids(self) -> set[int]:
        """Category ids of the things."""
        return {c['id'] for c in self.categories if c['isthing']}


def ade20k_classes(*, paper_split: bool = False) -> Ade20kClasses:
    """List the classes as mmdet does, 100 things and 50 stuff.

    Args:
        paper_split: 115 things and 35 stuff: 15 more classes are things, after the
            100 and in their semantic order.
    """
    from mmdet.datasets.ade20k import (
        ADE20KInstanceDataset,
        ADE20KPanopticDataset,
        ADE20KSegDataset,
    )

    panoptic = ADE20KPanopticDataset.METAINFO
    semantic = [name.strip() for name in ADE20KSegDataset.METAINFO['classes']]
    instance = ADE20KInstanceDataset.METAINFO['classes']
    things = [semantic.index(name) + 1 for name in instance]  # semantic numbers
    stuff = [n for n in range(1, NUM_CLASSES + 1) if n not in things]
    name_of = dict(zip([*things, *stuff], panoptic['classes'], strict=True))

    extra = OBJECTS_WITHOUT_INSTANCES if paper_split else ()
    order = [*things, *extra, *(n for n in stuff if n not in extra)]
    categories = [
        dict(
            id=position,
            name=name_of[number],
            isthing=int(position < len(things) + len(extra)),
            color=list(panoptic['palette'][position]),
        )
        for position, number in enumerate(order)
    ]
    return Ade20kClasses(
        categories=categories,
        of_semantic={number: position for position, number in enumerate(order)},
        of_instance={number: number - 1 for number in range(1, len(things) + 1)},
        connected=tuple(order.index(number) for number in extra),
    )


def prepare_ade20k(
    root: str | Path,
    *,
    splits: Sequence[str] = ('train', 'val'),
    paper_split: bool = False,
    workers: int = 1,
) -> None:
    """Write ``ade20k_panoptic_{split}`` and its json, named as by mmdet's converter.

    Args:
        root: ``ADEChallengeData2016``.
        splits: Of ``train`` and ``val``.
        paper_split: 115 things instead of 100, written to
            ``ade20k_panoptic_115_{split}``.
        workers: Processes.

    Raises:
        FileNotFoundError: Names the first file that is missing, and the layout.
        ValueError: A png is truncated, of another size, or has unknown values.
    """
    classes = ade20k_classes(paper_split=paper_split)
    things = len(classes.thing_ids)
    info = dict(
        description='ADE20K panoptic (ADEChallengeData2016)',
        things=things,
        stuff=len(classes.categories) - things,
        instances='connected regions for categories '
        f'{list(classes.connected)}, annotated ones for all other things',
    )
    for split in splits:
        name = f'ade20k_panoptic_{"115_" if paper_split else ""}{split}.json'
        convert_split(
            _jobs(Path(root), split, classes, workers),
            categories=classes.categories,
            json_path=Path(root) / name,
            info=info,
            workers=workers,
        )


def _jobs(
    root: Path, split: str, classes: Ade20kClasses, workers: int
) -> list[ImageJob]:
    """One job per image; all must have annotations before the first is read."""
    images, title = root / 'images' / FOLDERS[split], f'ADE20K, {split}'
    missing_files(title, LAYOUT, [images])
    names = list_images(images, ['.jpg'])
    folders = [root / kind / FOLDERS[split] for kind in ANNOTATIONS]
    pngs = [tuple(f / f'{name.stem}.png' for f in folders) for name in names]
    missing_files(title, LAYOUT, chain(*pngs) if names else [images / 'ADE_*.jpg'])
    listed = [(name.stem, name, None) for name in names]
    entries = image_entries(images, listed, workers=workers)
    return [
        ImageJob(entry, f'{entry["id"]}.png', partial(_segments, classes, *pair), pair)
        for entry, pair in zip(entries, pngs, strict=True)
    ]


def _segments(
    classes: Ade20kClasses, semantic_path: Path, instance_path: Path
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image: stuff, then things over it."""
    semantic = read_label_values(semantic_path)
    annotated = classes.thing_ids - set(classes.connected)  # their instances come later
    table = {0: VOID_CATEGORY} | {
        number: VOID_CATEGORY if category in annotated else category
        for number, category in classes.of_semantic.items()
    }
    categories = look_up(semantic_path, semantic, table)
    categories, instances = connected_instances(categories, classes.connected)

    of_instance, numbers = _instances(instance_path, classes)
    refuse_other_size(instance_path, numbers.shape, semantic_path, semantic.shape)
    thing = numbers > 0
    categories[thing], instances[thing] = of_instance[thing], numbers[thing]
    return number_segments(categories, instances)


def _instances(path: Path, classes: Ade20kClasses) -> tuple[np.ndarray, np.ndarray]:
    """Category (-1 = none) and number (0 = none) of the instance at each pixel."""
    png = read_label_file(path)
    if png.ndim != 3:
        raise ValueError(
            f'{path}: one channel, expected two or three: class in red, instance '
            'number in green'
        )
    numbers = png[..., 1]
    labels = np.where(numbers > 0, png[..., 0], 0)
    if not labels[numbers > 0].all():
        raise ValueError(f'{path}: pixels with an instance number have class 0 in red')
    categories = look_up(path, labels, {0: VOID_CATEGORY, **classes.of_instance})
    pairs = distinct(numbers << 8 | categories & 255)
    if len(np.unique(pairs >> 8)) != len(pairs):
        twice = int(np.flatnonzero(np.bincount(pairs >> 8) > 1)[0])
        found = [int(pair & 255) for pair in pairs if pair >> 8 == twice]
        raise ValueError(f'{path}: instance {twice} has categories {found}, not one')
    return categories, numbers


if __name__ == '__main__':
    main()
