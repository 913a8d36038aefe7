"""Problems of a dataset, and checks of the fields of a json."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

ERROR, WARNING = 'error', 'warning'
FIELDS = 'fields of the json'  # a kind of problem


class Problem(NamedTuple):
    """A problem of one file."""

    level: str  # ERROR: fails or misleads. WARNING: works, but is likely a mistake
    where: str  # the file
    message: str  # the field and both values
    kind: str  # for grouping

    def __str__(self) -> str:
        """File and message."""
        return f'{self.where}: {self.message}'


def error(where: str, kind: str, message: str) -> Problem:
    """Make a problem that must be fixed."""
    return Problem(ERROR, where, message, kind)


def warning(where: str, kind: str, message: str) -> Problem:
    """Make a problem that may be intended."""
    return Problem(WARNING, where, message, kind)


def raise_first_error(problems: Iterable[Problem]) -> None:
    """Raise the first error as a ``ValueError``; later checks do not run."""
    for problem in problems:
        if problem.level == ERROR:
            raise ValueError(str(problem))


class Field(NamedTuple):
    """A test of a value, and its meaning in words."""

    fits: Callable[[Any], bool]
    meaning: str


# A json gives exactly these types; a bool is an int in Python, but no number here.
NUMBERS = {int, float}
TEXTS_AND_WHOLES = {int, str}


def _is_box(value: Any) -> bool:
    is_list = isinstance(value, list | tuple)
    return is_list and len(value) == 4 and {*map(type, value)} <= NUMBERS


ID = Field(lambda v: type(v) in TEXTS_AND_WHOLES, 'a whole number or a text')
WHOLE = Field(lambda v: type(v) is int, 'a whole number')
LENGTH = Field(lambda v: type(v) is int and v > 0, 'a positive whole number of pixels')
AREA = Field(lambda v: type(v) in NUMBERS and v >= 0, 'a number of pixels')
TEXT = Field(lambda v: isinstance(v, str) and bool(v), 'a text')
FLAG = Field(lambda v: v in (0, 1), '0 or 1')
LIST = Field(lambda v: isinstance(v, list), 'a list')
BOX = Field(_is_box, 'four numbers: left, top, width, height')


def entry_problems(
    path: str, name: str, entries: Any, fields: Mapping[str, Field]
) -> Iterator[Problem]:
    """Check the fields of all entries of a list; any value is accepted as input."""
    if not isinstance(entries, list | tuple):
        yield error(path, FIELDS, f'{name} is {_short(entries)}, expected a list')
        return
    for position, item in enumerate(entries):
        yield from field_problems(path, f'{name}[{position}]', item, fields)


def field_problems(
    path: str, where: str, item: Any, fields: Mapping[str, Field]
) -> Iterator[Problem]:
    """Check the fields of one entry, whose place in the json is ``where``."""
    if fits(item, fields):
        return
    if not isinstance(item, Mapping):
        yield error(path, FIELDS, f'{where} is {_short(item)}, expected an object')
        return
    for name, field in fields.items():
        if name not in item:
            message = f'{where} lacks field {name!r}; it has {sorted(item)}'
        elif not field.fits(item[name]):
            value = _short(item[name])
            message = f'{where} has {name} {value}, expected {field.meaning}'
        else:
            continue
        yield error(path, FIELDS, message)


def fits(item: Any, fields: Mapping[str, Field]) -> bool:
    """Whether an entry is a dict with all fields, each with a correct value."""
    if not isinstance(item, dict):
        return False
    for name, field in fields.items():  # a loop: faster for millions of segments
        if name not in item or not field.fits(item[name]):
            return False
    return True


def complete(entries: Any, fields: Mapping[str, Field]) -> list[Mapping[str, Any]]:
    """Keep the entries that have all fields, each with a correct value."""
    is_list = isinstance(entries, list | tuple)
    return [item for item in entries if fits(item, fields)] if is_list else []


def double_problems(path: str, field: str, values: Iterable[Any]) -> Iterator[Problem]:
    """Yield one error if values occur more than once."""
    doubled = {value: n for value, n in Counter(values).items() if n > 1}
    if doubled:
        message = f'{field} must be unique, but value: count is {few(doubled)}'
        yield error(path, 'doubled values', message)


def few(values: Mapping | Iterable, limit: int = 5) -> str:
    """Show at most ``limit`` of the values in order, and how many more there are."""
    items = sorted(values, key=lambda value: (isinstance(value, str), value))
    shown = items[:limit]
    more = f' and {len(items) - limit} more' if len(items) > limit else ''
    if isinstance(values, Mapping):
        return f'{ {key: values[key] for key in shown} }{more}'
    return f'{shown}{more}'


def _short(value: Any, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f'{text[:limit]}...'
