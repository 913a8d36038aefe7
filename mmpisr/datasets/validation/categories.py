"""The categories of a json: fields, doubles and order."""

from collections.abc import Iterator
from typing import Any

from .problems import (
    FLAG,
    ID,
    TEXT,
    Problem,
    complete,
    double_problems,
    entry_problems,
    error,
)

IGNORE_LABEL = 255  # in semantic maps, so a class may not have it
CATEGORY_FIELDS = dict(id=ID, name=TEXT, isthing=FLAG)


def category_problems(
    path: str, categories: Any, *, reordered: bool = False
) -> Iterator[Problem]:
    """Check the categories of a json, which may be anything.

    With ``reordered`` any order and number will do: the reader has its own labels.
    """
    yield from entry_problems(path, 'categories', categories, CATEGORY_FIELDS)
    usable = complete(categories, CATEGORY_FIELDS)
    for field in ('id', 'name'):
        values = [category[field] for category in usable]
        yield from double_problems(path, f'categories[].{field}', values)
    if reordered or not isinstance(categories, list | tuple):
        return

    flags = [bool(category['isthing']) for category in usable]
    if len(usable) == len(categories) and flags != sorted(flags, reverse=True):
        stuff = flags.index(False)
        thing = flags.index(True, stuff)
        message = (
            f'categories[].isthing must list things first, but stuff '
            f'{usable[stuff]["name"]!r} (position {stuff}) comes before thing '
            f'{usable[thing]["name"]!r} (position {thing}); python '
            f'tools/dataset_converters/sort_categories.py {path} SORTED.json writes a '
            'sorted one, or name them in `classes` of the dataset'
        )
        yield error(path, 'order of categories', message)
    if len(categories) > IGNORE_LABEL:
        message = (
            f'{len(categories)} categories, but at most {IGNORE_LABEL} are possible: '
            f'label {IGNORE_LABEL} means ignored; choose or merge some by `classes` of '
            'the dataset'
        )
        yield error(path, 'number of categories', message)
