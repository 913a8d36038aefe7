"""Anybody's class pngs, with or without instance pngs, as COCO panoptic."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from .classes_file import read_classes
from .label_images import (
    IMAGE_SUFFIXES,
    image_entries,
    list_images,
    read_grey_png,
    read_label_png,
)
from .layout import missing_files
from .numbering import VOID_CATEGORY, connected_instances, look_up, number_segments
from .split import ImageJob, convert_split

Unnumbered = Literal['crowd', 'void']
LAYOUT = """
IMAGES/[folders/]NAME{images}
LABELS/[folders/]NAME{labels}       class numbers, grey or palette
INSTANCES/[folders/]NAME{instances}    instance numbers, 0 = none (optional)
"""


class Suffixes(NamedTuple):
    """What follows the common part of the names."""

    images: str | None = None  # None = any image file
    labels: str = '.png'
    instances: str = '.png'


DEFAULT_SUFFIXES = Suffixes()


class Reading(NamedTuple):
    """How pixels become segments."""

    table: dict[int, int]  # value in the class png -> category id, -1 = void
    things: tuple[int, ...]
    unnumbered: Unnumbered
    min_area: int


def prepare_labelled_png(
    images: str | Path,
    labels: str | Path,
    *,
    classes: str | Path,
    out: str | Path,
    split: str = 'train',
    instances: str | Path | None = None,
    connected: bool = False,
    unnumbered: Unnumbered = 'crowd',
    min_area: int = 0,
    void: Sequence[int] = (255,),
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    orientation: str | None = None,
    workers: int = 1,
) -> None:
    """Write ``annotations/panoptic_{split}`` and its json; images stay where they are.

    Args:
        images: Folder of the images, searched with its subfolders.
        labels: Folder of the class pngs, grey or palette.
        classes: Table of the classes, see ``read_classes``.
        out: Folder of the dataset.
        split: Its name.
        instances: Folder of the instance pngs: grey of 8 or 16 bit, or RGB (``R + 256
            G + 65536 B``). Class and number together make an instance. Numbers on
            stuff are ignored.
        connected: Without ``instances``: connected regions of things are instances.
        unnumbered: Pixels of a thing whose number is 0: one ``crowd`` region per
            class, which no metric counts as missed, or ``void``.
        min_area: With ``connected``: smaller regions (pixels) become void.
        void: Values of the class png that are no class.
        suffixes: Ends of the names.
        orientation: Frame of the labels of images with an EXIF orientation, ``stored``
            or ``shown``; None: the one whose size they have.
        workers: Processes.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: A png is truncated, of another size or has unknown values, the
            table of classes is faulty, or arguments contradict each other.
    """
    if connected == (instances is not None):
        raise ValueError(
            f'instances is {instances!r} and connected {connected}: give a folder of '
            'instance pngs, or have connected regions made instances'
        )
    if min_area < 0 or (min_area and not connected):
        raise ValueError(
            f'min_area is {min_area}; it must be >= 0, and needs connected'
        )
    if unnumbered not in ('crowd', 'void'):
        raise ValueError(f"unnumbered is {unnumbered!r}, neither 'crowd' nor 'void'")
    categories = read_classes(classes)
    reading = Reading(
        _table(categories, void),
        tuple(c['id'] for c in categories if c['isthing']),
        unnumbered,
        min_area,
    )
    folders = [Path(images), Path(labels), *([Path(instances)] if instances else [])]
    annotations = Path(out) / 'annotations'
    jobs = _jobs(folders, suffixes, reading, orientation, workers)
    frames = (job.image.get('orientation') for job in jobs)
    orientation = orientation or next(filter(None, frames), None)
    convert_split(
        jobs,
        categories=categories,
        json_path=annotations / f'panoptic_{split}.json',
        png_folder=annotations / f'panoptic_{split}',
        info=dict(
            description='made of class pngs',
            instances='connected regions' if connected else 'numbered in pngs',
            unnumbered=unnumbered,
            min_area=min_area,
            void=sorted(void),
            **(dict(orientation=orientation) if orientation else {}),
        ),
        workers=workers,
    )


def _table(categories: list[dict], void: Sequence[int]) -> dict[int, int]:
    """Category of each value, -1 = void."""
    table = {category['id']: category['id'] for category in categories}
    both = sorted(set(table) & set(void))
    if both:
        raise ValueError(f'values {both} are void, but the table has classes for them')
    return table | dict.fromkeys(void, VOID_CATEGORY)


def _jobs(
    folders: Sequence[Path],
    suffixes: Suffixes,
    reading: Reading,
    orientation: str | None,
    workers: int,
) -> list[ImageJob]:
    """One job per image; ``folders`` are images, labels and maybe instances."""
    images, *others = folders
    layout = LAYOUT.format(
        **suffixes._replace(images=suffixes.images or '.*')._asdict()
    )
    title = f'Images in {images}'
    missing_files(title, layout, [images])
    wanted = IMAGE_SUFFIXES if suffixes.images is None else [suffixes.images]
    names = list_images(images, wanted)
    missing_files(title, layout, [] if names else [images / f'NAME{wanted[0]}'])
    stems = [_stem(name, suffixes.images) for name in names]
    pngs = [
        [folder / f'{stem}{suffix}' for stem in stems]
        for folder, suffix in zip(others, suffixes[1:], strict=False)
    ]
    missing_files(title, layout, [path for paths in pngs for path in paths])

    entries = image_entries(
        images,
        names,
        range(1, len(names) + 1),
        labels=pngs[0],
        orientation=orientation,
        workers=workers,
    )
    return [
        ImageJob(entry, f'{stem}.png', partial(_segments, reading, *paths))
        for entry, stem, *paths in zip(entries, stems, *pngs, strict=True)
    ]


def _stem(name: Path, suffix: str | None) -> str:
    """Common part of the names of an image and its pngs, with its folder."""
    end = name.suffix if suffix is None else suffix
    return name.as_posix()[: -len(end)]


def _segments(
    reading: Reading, label_path: Path, instance_path: Path | None = None
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image."""
    categories = look_up(label_path, read_grey_png(label_path), reading.table)
    if instance_path is None:
        return number_segments(
            *connected_instances(categories, reading.things, min_area=reading.min_area)
        )
    instances = _instances(instance_path)
    if instances.shape != categories.shape:
        raise ValueError(
            f'{instance_path}: is {instances.shape} (height, width), but {label_path} '
            f'is {categories.shape}'
        )
    is_thing = np.isin(categories, reading.things)
    if reading.unnumbered == 'void':
        categories[is_thing & (instances == 0)] = VOID_CATEGORY
    crowds = {(thing, 0) for thing in reading.things}
    return number_segments(categories, np.where(is_thing, instances, 0), crowds=crowds)


def _instances(path: Path) -> np.ndarray:
    """Instance numbers, ``(H, W)``."""
    png = read_label_png(path)
    if png.ndim == 3:
        return png @ np.array([1, 256, 65536][: png.shape[2]])
    return png
