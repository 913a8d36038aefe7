"""The categories of a json: fields, doubles, order, and both kinds present."""

from collections.abc import Iterator, Mapping
from typing import Any

from .fields import (
    FLAG,
    ID,
    TEXT,
    complete,
    double_problems,
    field_problems,
    list_problems,
)
from .problem import Problem, error, warning

IGNORE_LABEL = 255  # in semantic maps, so a class may not have it
CATEGORY_FIELDS = dict(id=ID, name=TEXT, isthing=FLAG)


def category_problems(
    path: str, categories: Any, *, reordered: bool = False
) -> Iterator[Problem]:
    """Look for missing fields, doubles, and stuff that is listed before a thing.

    Args:
        path: The json.
        categories: Its field of that name, whatever it holds.
        reordered: Any order and number will do: the reader has labels of its own.

    Yields:
        Errors.
    """
    yield from list_problems(path, 'categories', categories)
    entries = categories if isinstance(categories, list | tuple) else []
    for position, category in enumerate(entries):
        where = f'categories[{position}]'
        yield from field_problems(path, where, category, CATEGORY_FIELDS)

    usable = complete(entries, CATEGORY_FIELDS)
    yield from double_problems(path, 'categories[].id', (c['id'] for c in usable))
    yield from double_problems(path, 'categories[].name', (c['name'] for c in usable))
    if reordered:
        return
    if len(usable) == len(entries):
        yield from _order_problems(path, usable)
    if len(entries) > IGNORE_LABEL:
        message = (
            f'{len(entries)} categories, but at most {IGNORE_LABEL} are '
            f'possible: label {IGNORE_LABEL} means ignored; choose or merge some by '
            '`classes` of the dataset'
        )
        yield error(path, 'number of categories', message)


def _order_problems(
    path: str, categories: list[Mapping[str, Any]]
) -> Iterator[Problem]:
    flags = [bool(c['isthing']) for c in categories]
    if flags == sorted(flags, reverse=True):
        return
    stuff = flags.index(False)
    thing = flags.index(True, stuff)
    message = (
        f'categories[].isthing must list things first, but stuff '
        f'{categories[stuff]["name"]!r} (position {stuff}) comes before thing '
        f'{categories[thing]["name"]!r} (position {thing}); python '
        f'tools/dataset_converters/sort_categories.py {path} SORTED.json writes a '
        'sorted one, or name them in `classes` of the dataset'
    )
    yield error(path, 'order of categories', message)


def one_kind_problems(path: str, categories: Any) -> Iterator[Problem]:
    """Warn of categories without any thing, or without any stuff."""
    flags = [bool(c['isthing']) for c in complete(categories, CATEGORY_FIELDS)]
    for kind, flag, key in (('things', True, 'PQ_th'), ('stuff', False, 'PQ_st')):
        if flags and flag not in flags:
            message = (
                f'categories[].isthing is {int(not flag)} in all {len(flags)} '
                f'categories: no {kind} at all, so {key} will be NaN'
            )
            yield warning(path, 'things and stuff', message)
