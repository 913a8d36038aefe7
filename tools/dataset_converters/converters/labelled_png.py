"""Anybody's class pngs, with or without instance pngs, as COCO panoptic."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from .classes_file import read_classes, read_color
from .label_files import read_label_file, read_label_values, refuse_other_size
from .label_folders import Suffixes, find_labels, split_folders
from .label_images import image_entries
from .numbering import VOID_CATEGORY, connected_instances, look_up, number_segments
from .split import ImageJob, convert_split

Unnumbered = Literal['crowd', 'void']
DEFAULT_SUFFIXES = Suffixes()
DEFAULT_VOID = (255,)
NUMBERINGS = (1000, 256)
CHANNELS = np.array([1, 256, 65536])  # of red, green and blue
ADVICE = '; give it to a class, or name it with --void'


class Reading(NamedTuple):
    """How pixels become segments."""

    table: dict[int, int]  # value in the label file -> category id, -1 = void
    things: tuple[int, ...]
    unnumbered: Unnumbered
    min_area: int
    numbering: int | None
    colors: bool


def prepare_labelled_png(
    images: str | Path,
    labels: str | Path,
    *,
    classes: str | Path,
    out: str | Path,
    split: str = 'train',
    instances: str | Path | None = None,
    connected: bool = False,
    numbering: int | None = None,
    colors: bool = False,
    unnumbered: Unnumbered = 'crowd',
    min_area: int = 0,
    void: Sequence[int | str] = DEFAULT_VOID,
    suffixes: Suffixes = DEFAULT_SUFFIXES,
    skip_unlabelled: bool = False,
    orientation: str | None = None,
    workers: int = 1,
) -> Path:
    """Write ``annotations/panoptic_{split}`` and its json; images stay where they are.

    Args:
        images: Folder of the images, searched with its subfolders; see
            ``split_folders`` for one that has a folder for each split.
        labels: Folder of the label files, see ``read_label_file``.
        classes: Table of the classes, see ``read_classes``.
        out: Folder of the dataset.
        split: Its name.
        instances: Folder of the instance files: grey values, or RGB (``R + 256 G +
            65536 B``). Class and number together make an instance. Numbers on stuff
            are ignored.
        connected: Without ``instances``: connected regions of things are instances.
        numbering: Label files hold both: ``class x numbering + number`` for an
            instance, and a value below ``numbering`` is a class without number.
        colors: Label files show the classes' colours.
        unnumbered: Pixels of a thing whose number is 0: one ``crowd`` region per
            class, which no metric counts as missed, or ``void``.
        min_area: With ``connected``: smaller regions (pixels) become void.
        void: Values of the label files that are no class; with ``colors``, colours
            ``#rrggbb``.
        suffixes: Ends of the names.
        skip_unlabelled: Leave out images without labels, and print how many.
        orientation: Frame of the labels of images with an EXIF orientation, ``stored``
            or ``shown``; None: the one whose size they have.
        workers: Processes.

    Returns:
        Folder that the json's names of images start from.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: A label file is faulty, of another size or has unknown values, the
            table of classes is faulty, or arguments contradict each other.
    """
    categories = read_classes(classes)
    things = tuple(c['id'] for c in categories if c['isthing'])
    if (instances is not None) + connected + (numbering is not None) != 1:
        raise ValueError(
            f'numbering is {numbering}, instances is {instances!r} and connected '
            f'{connected}: give a folder of instance files, or have connected regions '
            'made instances, or say how label files number them'
        )
    if min_area < 0 or (min_area and not connected):
        raise ValueError(
            f'min_area is {min_area}; it must be >= 0, and needs connected'
        )
    if unnumbered not in ('crowd', 'void'):
        raise ValueError(f"unnumbered is {unnumbered!r}, neither 'crowd' nor 'void'")
    if numbering is not None and (numbering < 2 or colors or 0 in things):
        raise ValueError(
            f'{classes}: numbering is {numbering}, colors is {colors} and things are '
            f'{things}; it must be > 1, without colors, and class 0 must be stuff'
        )
    table = _table(categories, void, colors)
    reading = Reading(table, things, unnumbered, min_area, numbering, colors)
    annotations = Path(out) / 'annotations'
    folders = [Path(f) for f in (images, labels, instances) if f is not None]
    folders = split_folders(folders, split, Path(out))
    found = find_labels(folders, suffixes, annotations, skip_unlabelled=skip_unlabelled)
    entries = image_entries(
        folders[0],
        [image.name for image in found],
        range(1, len(found) + 1),
        labels=[image.labels[0] for image in found],
        orientation=orientation,
        workers=workers,
    )
    jobs = [
        ImageJob(
            entry,
            f'{image.stem}.png',
            partial(_segments, reading, *image.labels),
            image.labels,
        )
        for entry, image in zip(entries, found, strict=True)
    ]
    source = 'connected regions' if connected else 'numbered in pngs'
    info = dict(
        description='made of class pngs',
        instances=f'class x {numbering} + number' if numbering else source,
        unnumbered=unnumbered,
        min_area=min_area,
        void=sorted(void),
    )
    convert_split(
        jobs,
        categories=categories,
        json_path=annotations / f'panoptic_{split}.json',
        info=info | (dict(colors=True) if colors else {}),
        workers=workers,
    )
    return folders[0]


def _table(
    categories: list[dict], void: Sequence[int | str], colors: bool
) -> dict[int, int]:
    """Category of each value, or of each colour as a number; -1 = void."""
    if colors and tuple(void) == DEFAULT_VOID:
        void = ()
    if not colors and any(isinstance(value, str) for value in void):
        raise ValueError(f'void is {void}; only with colors is it given as #rrggbb')
    values = [c['id'] for c in categories]
    if colors:
        values = [_number(c['name'], c.get('color')) for c in categories]
        void = [_number('void', value) for value in void]
    table = dict(zip(values, [c['id'] for c in categories], strict=True))
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f'classes have one color, {_hex(twice[0])}; give each its own')
    both = sorted(set(values).intersection(void))
    if both:
        raise ValueError(
            f'values {[_hex(v) for v in both] if colors else both} are void, but '
            'the table has classes for them; name after --void what is void, or nothing'
        )
    return table | {int(value): VOID_CATEGORY for value in void}


def _number(where: str, color: Any) -> int:
    return int(np.dot(read_color(where, color), CHANNELS))


def _hex(number: int) -> str:
    return f'#{number & 255:02x}{number >> 8 & 255:02x}{number >> 16:02x}'


def _segments(
    reading: Reading, label_path: Path, instance_path: Path | None = None
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image."""
    categories, instances = _labels(reading, label_path)
    if instance_path is not None:
        instances = _instances(instance_path)
        refuse_other_size(instance_path, instances.shape, label_path, categories.shape)
    if instances is None:
        return number_segments(
            *connected_instances(categories, reading.things, min_area=reading.min_area)
        )
    is_thing = np.isin(categories, reading.things)
    if instance_path is not None:
        _refuse_numbering(instance_path, categories[is_thing], instances[is_thing])
    if reading.unnumbered == 'void':
        categories[is_thing & (instances == 0)] = VOID_CATEGORY
    crowds = {(thing, 0) for thing in reading.things}
    return number_segments(categories, np.where(is_thing, instances, 0), crowds=crowds)


def _labels(reading: Reading, path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Categories, and instance numbers where the label file has them, too."""
    table, base, numbers = reading.table, reading.numbering, None
    if reading.colors:
        labels = read_label_file(path, colors=True) @ CHANNELS
        return look_up(path, labels, table, show=_hex, advice=ADVICE), None
    labels = read_label_values(path)
    if base is not None:
        numbers = np.where(labels < base, 0, labels % base + 1)
        labels = np.where(labels < base, labels, labels // base)
    top, advice = int(labels.max(initial=0)), ADVICE
    for step in NUMBERINGS:
        if top >= step and top // step in table and base is None:
            advice += f', or say --numbering {step} if values are class x {step} + n'
    return look_up(path, labels, table, advice=advice), numbers


def _instances(path: Path) -> np.ndarray:
    """Instance numbers, ``(H, W)``."""
    numbers = read_label_file(path)
    if numbers.ndim == 3:
        numbers = numbers @ CHANNELS[: numbers.shape[2]]
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < 2**24:
        raise ValueError(
            f'{path}: instance numbers are {numbers.min()} to {numbers.max()}, but '
            f'must be 0 to {2**24 - 1}'
        )
    return numbers


def _refuse_numbering(path: Path, classes: np.ndarray, numbers: np.ndarray) -> None:
    """Refuse class numbers among instance numbers, both ``(N,)``, as in Cityscapes."""
    for base in NUMBERINGS:
        numbered = (numbers >= base) & (numbers // base == classes)
        rest = classes[~numbered]
        if 0 < len(rest) < len(classes) and (numbers[~numbered] == rest).all():
            raise ValueError(
                f'{path}: numbers are class x {base} + n, such as '
                f'{numbers[numbered][0]}, but {len(rest)} pixels have only class '
                f'{rest[0]}, which is no number; give this folder as LABELS with '
                f'--numbering {base}, or write 0 there'
            )
