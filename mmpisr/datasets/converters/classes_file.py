"""Read a small table of classes: json, yaml or csv."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.fileio import load

from ..panoptic_json import chosen_categories

FIELDS = ('id', 'name', 'isthing')
FLAGS = {'1': 1, 'true': 1, 'yes': 1, '0': 0, 'false': 0, 'no': 0}


def read_classes(path: str | Path) -> list[dict[str, Any]]:
    """Read ``id`` (the value in the pngs), ``name``, ``isthing`` and maybe ``color``.

    json and yaml hold a list of such entries; csv has a heading with these names.
    ``isthing`` is 1 or 0, true or false, yes or no; ``color`` is ``[R, G, B]`` or
    ``#rrggbb``, for all classes or for none.

    Args:
        path: ``.json``, ``.yaml``, ``.yml`` or ``.csv``.

    Returns:
        COCO categories, things first, else in the order of the file.

    Raises:
        ValueError: Naming the file, the entry and what is wrong with it.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file of classes')
    entries = _load(path)
    if not isinstance(entries, list) or not entries:
        raise ValueError(
            f'{path}: expected a list of classes, each with {", ".join(FIELDS)}; got '
            f'{type(entries).__name__} of length {len(entries or ())}'
        )
    categories = [_category(path, i, entry) for i, entry in enumerate(entries)]
    categories.sort(key=lambda category: -category['isthing'])
    chosen_categories(str(path), categories, None)
    colored = sum('color' in category for category in categories)
    if colored not in (0, len(categories)):
        raise ValueError(
            f'{path}: {colored} of {len(categories)} classes have a color; give one to '
            'all or to none'
        )
    return categories


def _load(path: Path) -> Any:
    if path.suffix == '.csv':
        with path.open(newline='') as file:
            return [
                {key: value for key, value in row.items() if value not in (None, '')}
                for row in csv.DictReader(file, skipinitialspace=True)
            ]
    if path.suffix not in ('.json', '.yaml', '.yml'):
        raise ValueError(f'{path}: {path.suffix!r} is none of .json .yaml .yml .csv')
    try:
        return load(path)
    except Exception as error:  # of either parser
        raise ValueError(f'{path}: cannot be read ({error})') from error


def _category(path: Path, position: int, entry: Any) -> dict[str, Any]:
    where = f'{path}: class {position}'
    if not isinstance(entry, Mapping) or not set(FIELDS) <= set(entry):
        raise ValueError(f'{where} needs {FIELDS}, got {entry!r}')
    flag = FLAGS.get(str(entry['isthing']).lower())
    if flag is None:
        raise ValueError(f'{where}: isthing is {entry["isthing"]!r}, not 0 or 1')
    number = str(entry['id'])
    if not number.isdecimal():
        raise ValueError(f'{where}: id is {entry["id"]!r}, not an integer from 0 on')
    category = dict(id=int(number), name=str(entry['name']), isthing=flag)
    if 'color' in entry:
        category['color'] = _color(where, entry['color'])
    return category


def _color(where: str, color: Any) -> list[int]:
    try:
        rgb = list(bytes.fromhex(color[1:]) if isinstance(color, str) else color)
        if len(rgb) == 3 and bytes(rgb):
            return rgb
    except (TypeError, ValueError):
        pass
    raise ValueError(f'{where}: color is {color!r}, neither [R, G, B] nor #rrggbb')
