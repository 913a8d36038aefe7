"""Tables of classes as COCO categories, from a json, yaml or csv or from code."""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from mmengine.fileio import load

from mmpisr.datasets.panoptic_json import chosen_categories

FIELDS = ('id', 'name', 'isthing')
YES = ('1', '1.0', 'true', 't', 'yes', 'y', 'thing', 'wahr', 'ja', 'vrai', 'oui')
NO = ('0', '0.0', 'false', 'f', 'no', 'n', 'stuff', 'falsch', 'nein', 'faux', 'non')
FLAGS = dict.fromkeys(YES, 1) | dict.fromkeys(NO, 0)
TABLES = ('.csv', '.tsv')
SUFFIXES = ('.json', '.yaml', '.yml', *TABLES)
DELIMITERS = ',;\t|'
SURPLUS = 'fields without a heading'


def read_classes(path: str | Path) -> list[dict[str, Any]]:
    """Read ``id`` (the value in the label files), ``name``, ``isthing``, ``color``.

    json and yaml hold a list of such entries. csv has a heading with these names, in
    any case, and commas, semicolons, tabs or bars between its fields. Text is UTF-8,
    UTF-16 or else Windows-1252. ``isthing`` is 1 or 0, true or false, yes or no, thing
    or stuff; ``color`` is ``[R, G, B]`` or ``#rrggbb``, for all classes or for none.

    Returns:
        COCO categories, things first, else in the order of the file.

    Raises:
        ValueError: Naming the file, the entry and what is wrong with it.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file of classes')
    suffix, text = path.suffix.lower(), _text(path)
    if suffix not in SUFFIXES:
        raise ValueError(f'{path}: {path.suffix!r} is none of {" ".join(SUFFIXES)}')
    try:
        entries: Any = (
            [*_rows(text.lstrip())]
            if suffix in TABLES
            else load(StringIO(text), file_format=suffix[1:])
        )
    except Exception as error:  # of any parser
        raise ValueError(f'{path}: cannot be read ({error})') from error
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


def numbered_categories(
    colors: Mapping[str, Sequence[int]], num_things: int
) -> list[dict[str, Any]]:
    """Make COCO categories with ids from 1 on, of colours by name, things first."""
    return [
        dict(
            id=number,
            name=name,
            supercategory='thing' if number <= num_things else 'stuff',
            isthing=int(number <= num_things),
            color=list(color),
        )
        for number, (name, color) in enumerate(colors.items(), start=1)
    ]


def _rows(text: str) -> Iterator[dict[str, Any]]:
    """Rows of a table by its heading, without empty fields and rows."""
    delimiter = max(DELIMITERS, key=text.partition('\n')[0].count)
    for row in csv.DictReader(
        StringIO(text, newline=''),
        restkey=SURPLUS,
        delimiter=delimiter,
        skipinitialspace=True,
    ):
        filled = {
            key.strip(): value if key == SURPLUS else value.strip()
            for key, value in row.items()
            if value and any(part.strip() for part in value)
        }
        if filled:
            yield filled


def _text(path: Path) -> str:
    """Content of a text file in UTF-8, UTF-16 or Windows-1252."""
    content = path.read_bytes()
    is_utf16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    encodings = ('utf-16',) if is_utf16 else ('utf-8-sig', 'cp1252')
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == 'cp1252':
            print(f'{path}: not UTF-8, so it is read as Windows-1252')
        return text
    raise ValueError(f'{path}: is neither of {encodings}; save it as UTF-8')


def _category(path: Path, position: int, entry: Any) -> dict[str, Any]:
    where = f'{path}: class {position}'
    named = {}
    if isinstance(entry, Mapping):
        named = {str(key).lower().replace('_', ''): v for key, v in entry.items()}
    if not set(FIELDS) <= set(named) or SURPLUS in named:
        raise ValueError(f'{where} needs {FIELDS}, got {entry!r}')
    if isinstance(named['name'], bool | None):
        raise ValueError(f'{where}: name is {named["name"]!r}; put it in quotes')
    flag = FLAGS.get(str(named['isthing']).lower())
    if flag is None:
        raise ValueError(f'{where}: isthing is {named["isthing"]!r}, not 0 or 1')
    number = str(named['id']).removesuffix('.0')
    if not number.isdecimal():
        raise ValueError(
            f'{where}: id is {named["id"]!r}, not an integer from 0 on; a value that '
            'is no class is named with --void instead'
        )
    category = dict(id=int(number), name=str(named['name']), isthing=flag)
    if 'color' in named:
        category['color'] = read_color(where, named['color'])
    return category


def read_color(where: str, color: Any) -> list[int]:
    """Read ``[R, G, B]`` or ``#rrggbb``; ``where`` is for the error."""
    try:
        rgb = list(bytes.fromhex(color[1:]) if isinstance(color, str) else color)
        if len(rgb) == 3 and bytes(rgb):
            return rgb
    except (TypeError, ValueError):
        pass
    raise ValueError(f'{where}: color is {color!r}, neither [R, G, B] nor #rrggbb')
