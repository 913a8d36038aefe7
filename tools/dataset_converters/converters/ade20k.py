"""ADEChallengeData2016 and its instance annotations as COCO panoptic.

The pixels that count are those of the official panoptic set: first stuff from the
semantic png, then every instance over it. What the semantic png calls a thing but no
instance covers is void.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from .ade20k_classes import Ade20kClasses, ade20k_classes
from .label_files import read_label_file, read_label_values, refuse_other_size
from .label_images import image_entries, list_images
from .layout import missing_files
from .numbering import (
    VOID_CATEGORY,
    connected_instances,
    distinct,
    look_up,
    number_segments,
)
from .split import ImageJob, convert_split

FOLDERS = dict(train='training', val='validation')
ANNOTATIONS = ('annotations', 'annotations_instance')
LAYOUT = """
ADEChallengeData2016/            (ADEChallengeData2016.zip)
  images/{training,validation}/ADE_*.jpg
  annotations/{training,validation}/ADE_*.png            0 = other, 1 to 150
  annotations_instance/{training,validation}/ADE_*.png   (annotations_instance.tar)
"""


def prepare_ade20k(
    root: str | Path,
    *,
    splits: Sequence[str] = ('train', 'val'),
    paper_split: bool = False,
    workers: int = 1,
) -> None:
    """Write ``ade20k_panoptic_{split}`` and its json, as mmdet's converter names them.

    Args:
        root: ``ADEChallengeData2016``.
        splits: Of ``train`` and ``val``.
        paper_split: 115 things instead of 100, written to
            ``ade20k_panoptic_115_{split}``.
        workers: Processes.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
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
    """One job per image; refuse images without annotations before any is read."""
    images = root / 'images' / FOLDERS[split]
    title = f'ADE20K, {split}'
    missing_files(title, LAYOUT, [images])
    names = list_images(images, ['.jpg'])
    folders = [root / kind / FOLDERS[split] for kind in ANNOTATIONS]
    pngs = [tuple(f / f'{name.stem}.png' for f in folders) for name in names]
    missing_files(title, LAYOUT, chain(*pngs) if names else [images / 'ADE_*.jpg'])
    entries = image_entries(images, names, [n.stem for n in names], workers=workers)
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
