"""Which classes a dataset has: chosen out of a json's categories, and compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from .json_checks.problem import Problem, error

Given = Mapping[str, str | Sequence[str]] | Sequence[str]


class ClassChoice:
    """Classes that are learnt, and the categories of a json that each consists of.

    Args:
        given: Name of each class to the names of its categories; or names of
            categories that keep their names. What is not named is void.
    """

    def __init__(self, given: Given) -> None:
        named = given if isinstance(given, Mapping) else {name: name for name in given}
        self.members = {
            name: [members] if isinstance(members, str) else [*members]
            for name, members in named.items()
        }

    def problems(self, path: str, categories: Sequence[Mapping]) -> Iterator[Problem]:
        """Look for names that the json lacks, doubles, and things among stuff."""
        kinds = {c['name']: bool(c['isthing']) for c in categories}
        user: dict[str, str] = {}
        for name, members in self.members.items():
            unknown = [member for member in members if member not in kinds]
            twice = [member for member in members if member in user]
            message = ''
            if unknown or not members:
                message = f'unknown are {unknown}; the categories are {[*kinds]}'
            elif twice:
                message = f'{twice[0]!r} belongs to class {user[twice[0]]!r} already'
            elif len({kinds[member] for member in members}) > 1:
                flags = {member: int(kinds[member]) for member in members}
                message = f'a class is a thing or stuff, but isthing is {flags}'
            if message:
                where = f'classes[{name!r}] of the dataset is {members}'
                yield error(path, 'choice of classes', f'{where}: {message}')
            user |= dict.fromkeys(members, name)

    def chosen(self, categories: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One category a class, things first: the first member's under the new name."""
        of_name = {c['name']: c for c in categories}
        items = self.members.items()
        found = [{**of_name[members[0]], 'name': name} for name, members in items]
        return sorted(found, key=lambda category: not category['isthing'])

    def class_of(self, categories: Sequence[Mapping[str, Any]]) -> dict[Any, str]:
        """Name of the class by category id; void has none."""
        names = {m: name for name, members in self.members.items() for m in members}
        return {c['id']: names[c['name']] for c in categories if c['name'] in names}


def merged_ids(
    segments: Iterable[tuple[int, int | None, bool]], num_things: int
) -> dict[int, int]:
    """Ids of one image's segments that become another id.

    Args:
        segments: Id, label (None = void) and whether it is a crowd.
        num_things: Labels from here on are stuff, which has one segment an image.

    Returns:
        By id: 0 for void, the first segment's of the class for the others of stuff.
    """
    first: dict[tuple, int] = {}
    merged = {}
    for number, label, crowd in segments:
        if label is None:
            merged[number] = 0
        elif label >= num_things and first.setdefault((label, crowd), number) != number:
            merged[number] = first[label, crowd]
    return merged


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
