"""Anybody's class pngs, with or without instance pngs, as COCO panoptic."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from .classes_file import read_classes, read_color
from .label_files import read_label_file, read_label_values
from .label_folders import LabelledImage, Suffixes, find_labels, split_folders
from .label_images import image_entries
from .numbering import VOID_CATEGORY, connected_instances, look_up, number_segments
from .split import ImageJob, convert_split

Unnumbered = Literal['crowd', 'void']
DEFAULT_SUFFIXES = Suffixes()
DEFAULT_VOID = (255,)
NUMBERINGS = (1000, 256)
CHANNELS = np.array([1, 256, 65536])  # of red, green and blue
INSTANCE_LIMIT = 2**24


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
        workers: Processes.

    Returns:
        Folder that the json's names of images start from.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: A label file is faulty, of another size or has unknown values, the
            table of classes is faulty, or arguments contradict each other.
    """
    _refuse_arguments(instances, connected, numbering, unnumbered, min_area)
    categories = read_classes(classes)
    reading = Reading(
        _table(categories, void, colors),
        tuple(c['id'] for c in categories if c['isthing']),
        unnumbered,
        min_area,
        numbering,
        colors,
    )
    if numbering and colors or (numbering and 0 in reading.things):
        raise ValueError(
            f'numbering is {numbering}, but '
            + ('labels are colours' if colors else f'{classes}: class 0 is a thing')
            + f'; values below {numbering} must be classes without number'
        )
    annotations = Path(out) / 'annotations'
    folders = [Path(f) for f in (images, labels, instances) if f is not None]
    folders = split_folders(folders, split, exclude=[Path(out)])
    found = find_labels(
        folders, suffixes, exclude=[annotations], skip_unlabelled=skip_unlabelled
    )
    convert_split(
        _jobs(folders[0], found, reading, workers),
        categories=categories,
        json_path=annotations / f'panoptic_{split}.json',
        png_folder=annotations / f'panoptic_{split}',
        info=_info(reading, connected, void),
        workers=workers,
    )
    return folders[0]


def _refuse_arguments(
    instances: str | Path | None,
    connected: bool,
    numbering: int | None,
    unnumbered: str,
    min_area: int,
) -> None:
    """Refuse arguments that contradict each other."""
    if (instances is not None) + connected + (numbering is not None) != 1:
        raise ValueError(
            f'numbering is {numbering}, instances is {instances!r} and connected '
            f'{connected}: give a folder of instance files, or have connected regions '
            'made instances, or say how label files number them'
        )
    if numbering not in (None, *NUMBERINGS):
        raise ValueError(f'numbering is {numbering}, not one of {NUMBERINGS}')
    if min_area < 0 or (min_area and not connected):
        raise ValueError(
            f'min_area is {min_area}; it must be >= 0, and needs connected'
        )
    if unnumbered not in ('crowd', 'void'):
        raise ValueError(f"unnumbered is {unnumbered!r}, neither 'crowd' nor 'void'")


def _table(
    categories: list[dict], void: Sequence[int | str], colors: bool
) -> dict[int, int]:
    """Category of each value, -1 = void."""
    if colors:
        void = () if tuple(void) == DEFAULT_VOID else void
        void_values = [_packed(read_color('void', value)) for value in void]
        values = [_packed(read_color(c['name'], c.get('color'))) for c in categories]
    else:
        void_values = [_number(value) for value in void]
        values = [c['id'] for c in categories]
    pairs = zip(values, categories, strict=True)
    table = {value: category['id'] for value, category in pairs}
    if len(table) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        names = [c['name'] for c in categories if _packed(c['color']) == twice]
        raise ValueError(f'classes {names} have the same color, {_hex(twice)}')
    both = sorted(set(table) & set(void_values))
    if both:
        raise ValueError(
            f'values {both} are void, but the table has classes for them; name the '
            'values that are void, or none, with --void'
        )
    return table | dict.fromkeys(void_values, VOID_CATEGORY)


def _number(value: int | str) -> int:
    if isinstance(value, str):
        raise ValueError(f'void is {value!r}; only with colors is it a color')
    return value


def _packed(rgb: Sequence[int]) -> int:
    return int(np.dot(rgb, CHANNELS))


def _hex(value: int) -> str:
    return f'#{value & 255:02x}{value >> 8 & 255:02x}{value >> 16:02x}'


def _info(reading: Reading, connected: bool, void: Sequence[int | str]) -> dict:
    """Settings that decide the output."""
    source = 'connected regions' if connected else 'numbered in pngs'
    if reading.numbering:
        source = f'class x {reading.numbering} + number in the label files'
    return dict(
        description='made of class pngs',
        instances=source,
        unnumbered=reading.unnumbered,
        min_area=reading.min_area,
        void=sorted(void, key=str if reading.colors else None),
        **(dict(colors=True) if reading.colors else {}),
    )


def _jobs(
    images: Path, found: Sequence[LabelledImage], reading: Reading, workers: int
) -> list[ImageJob]:
    """One job per image, ids from 1 on in the order of the names."""
    names = [image.name for image in found]
    entries = image_entries(images, names, range(1, len(names) + 1), workers=workers)
    return [
        ImageJob(
            entry,
            f'{image.stem}.png',
            partial(_segments, reading, *image.labels),
            tuple(image.labels),
        )
        for entry, image in zip(entries, found, strict=True)
    ]


def _segments(
    reading: Reading, label_path: Path, instance_path: Path | None = None
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image."""
    categories, instances = _labels(reading, label_path)
    if instance_path is not None:
        instances = _instances(instance_path)
        if instances.shape != categories.shape:
            raise ValueError(
                f'{instance_path}: is {instances.shape} (height, width), but '
                f'{label_path} is {categories.shape}'
            )
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
    look = partial(look_up, path, table=reading.table)
    if reading.colors:
        colors = read_label_file(path, colors=True) @ CHANNELS
        advice = '; give it to a class, or name it with --void'
        return look(colors, show=_hex, advice=lambda _: advice), None
    labels, base = read_label_values(path), reading.numbering
    if base is None:
        return look(labels, advice=partial(_advice, reading.table)), None
    advice = f'; from {base} on, the class is the value divided by {base}'
    classes = np.where(labels >= base, labels // base, labels)
    numbers = np.where(labels >= base, labels % base + 1, 0)
    return look(classes, advice=lambda _: advice), numbers


def _advice(table: dict[int, int], value: int) -> str:
    """What to do about an unknown value."""
    text = '; give it to a class, or name it with --void'
    for base in NUMBERINGS:
        if value >= base and value // base in table:
            text += (
                f'; if it is class {value // base} x {base} + {value % base}, say '
                f'--numbering {base}'
            )
    return text


def _instances(path: Path) -> np.ndarray:
    """Instance numbers, ``(H, W)``."""
    numbers = read_label_file(path)
    if numbers.ndim == 3:
        numbers = numbers @ CHANNELS[: numbers.shape[2]]
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < INSTANCE_LIMIT:
        raise ValueError(
            f'{path}: instance numbers are {numbers.min()} to {numbers.max()}, but must '
            f'be 0 to {INSTANCE_LIMIT - 1}'
        )
    return numbers


def _refuse_numbering(path: Path, classes: np.ndarray, numbers: np.ndarray) -> None:
    """Refuse class numbers among instance numbers, as Cityscapes has them.

    Args:
        path: The instance file.
        classes: Of the pixels of things, ``(N,)``.
        numbers: Of the same pixels, ``(N,)``.
    """
    for base in NUMBERINGS:
        numbered, same = numbers // base == classes, numbers == classes
        if numbered.any() and (same & ~numbered).any() and (numbered | same).all():
            group, number = int(numbers[~numbered][0]), int(numbers[numbered][0])
            raise ValueError(
                f'{path}: numbers are class x {base} + n, such as {number}, but '
                f'{int((~numbered).sum())} pixels of class {group} have {group}, which '
                f'is no number then; give this folder as LABELS with --numbering {base}, '
                'or write 0 there'
            )
