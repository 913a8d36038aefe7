"""Turn the pixels of label files, with or without instance files, into segments."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .classes_file import read_color
from .label_files import read_label_file, read_label_values, refuse_other_size
from .numbering import VOID_CATEGORY, connected_instances, look_up, number_segments

NUMBERINGS = (1000, 256)
CHANNELS = np.array([1, 256, 65536])  # of red, green and blue
ADVICE = '; give it to a class, or name it with --void'


class LabelReader(NamedTuple):
    """Reads label files by the options of ``prepare_labelled_png``."""

    table: dict[int, int]  # value in the label file -> category id, -1 = void
    things: tuple[int, ...]
    unnumbered: str
    min_area: int
    numbering: int | None
    colors: bool

    def segments(
        self, label_path: Path, instance_path: Path | None = None
    ) -> tuple[np.ndarray, list[dict]]:
        """Segments of one image, as ``ImageJob.segments`` returns them."""
        categories, instances = self._labels(label_path)
        if instance_path is not None:
            instances = _instances(instance_path)
            sizes = instances.shape, categories.shape
            refuse_other_size(instance_path, sizes[0], label_path, sizes[1])
        if instances is None:
            return number_segments(
                *connected_instances(categories, self.things, min_area=self.min_area)
            )
        is_thing = np.isin(categories, self.things)
        if instance_path is not None:
            _refuse_numbering(instance_path, categories[is_thing], instances[is_thing])
        if self.unnumbered == 'void':
            categories[is_thing & (instances == 0)] = VOID_CATEGORY
        crowds = {(thing, 0) for thing in self.things}
        return number_segments(
            categories, np.where(is_thing, instances, 0), crowds=crowds
        )

    def _labels(self, path: Path) -> tuple[np.ndarray, np.ndarray | None]:
        """Categories, and instance numbers if the label file has both."""
        base, numbers, advice = self.numbering, None, ADVICE
        if self.colors:
            labels = read_label_file(path, colors=True) @ CHANNELS
            return look_up(path, labels, self.table, show=_hex, advice=advice), None
        labels = read_label_values(path)
        if base is not None:
            numbers = np.where(labels < base, 0, labels % base + 1)
            labels = np.where(labels < base, labels, labels // base)
        top = int(labels.max(initial=0))
        for step in NUMBERINGS:
            if top >= step and top // step in self.table and base is None:
                advice += (
                    f', or say --numbering {step} if values are class x {step} + n'
                )
        return look_up(path, labels, self.table, advice=advice), numbers


def label_table(
    categories: Sequence[Mapping], void: Sequence[int | str], colors: bool
) -> dict[int, int]:
    """Category of each value, or of each colour as a number; -1 = void.

    Raises:
        ValueError: Two classes have one colour, or a void value has a class.
    """
    if not colors and any(isinstance(value, str) for value in void):
        raise ValueError(f'void is {void}; only with colors is it given as #rrggbb')
    values = ids = [c['id'] for c in categories]
    if colors:
        values = [_number(c['name'], c.get('color')) for c in categories]
        void = [_number('void', value) for value in void]
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f'classes have one color, {_hex(twice[0])}; give each its own')
    both = sorted(set(values).intersection(void))
    if both:
        raise ValueError(
            f'values {[_hex(v) for v in both] if colors else both} are void, but '
            'the table has classes for them; name after --void what is void, or nothing'
        )
    table = dict(zip(values, ids, strict=True))
    return table | {int(value): VOID_CATEGORY for value in void}


def _number(where: str, color: Any) -> int:
    return int(np.dot(read_color(where, color), CHANNELS))


def _hex(number: int) -> str:
    return f'#{number & 255:02x}{number >> 8 & 255:02x}{number >> 16:02x}'


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
    """Raise if numbers ``(N,)`` contain class numbers, as those of Cityscapes do."""
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
