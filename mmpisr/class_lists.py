"""Two lists of classes compared: of data, checkpoints, metrics."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any


def class_difference(
    first: str, ours: Mapping[str, Any], second: str, theirs: Mapping[str, Any]
) -> str | None:
    """Say where two lists of classes differ; None if they agree or are not known.

    Args:
        first: The file of the first list.
        ours: Has ``classes``, and ``thing_classes`` where these are known.
        second: The file of the second list.
        theirs: As ``ours``.
    """
    pairs = [_kinds(ours, theirs), _kinds(theirs, ours)]
    if not all(pairs):
        return None
    for position, (a, b) in enumerate(zip_longest(*pairs, fillvalue='missing')):
        if a != b:
            sizes = f'{len(pairs[0])} against {len(pairs[1])} classes'
            return f'class {position} is {a} in {first}, but {b} in {second} ({sizes})'
    return None


def _kinds(meta: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Each class with its kind, where both sides tell that."""
    names = [*meta.get('classes', ())]
    if 'thing_classes' not in meta or 'thing_classes' not in other:
        return [repr(name) for name in names]
    things = set(meta['thing_classes'])
    return [f'{name!r} ({"thing" if name in things else "stuff"})' for name in names]
