"""Choose and merge the categories of a json to classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Given = Mapping[str, str | Sequence[str]] | Sequence[str]


class ClassChoice:
    """The classes to learn, and the categories of a json that each consists of.

    Args:
        given: Names of the categories by name of the class; or names of categories
            that are classes as they are. Other categories are void.
    """

    def __init__(self, given: Given) -> None:
        named = given if isinstance(given, Mapping) else {name: name for name in given}
        self.members = {
            name: [members] if isinstance(members, str) else [*members]
            for name, members in named.items()
        }

    def chosen(self, path: str, categories: Sequence[dict]) -> list[dict[str, Any]]:
        """Return one category per class, things first: its first member, renamed.

        Raises:
            ValueError: The json lacks a category, two classes have one, or a class has
                things and stuff; names the json, the class and the categories.
        """
        listed = {c['name']: c for c in categories}
        class_of: dict[str, str] = {}
        for name, members in self.members.items():
            unknown = [member for member in members if member not in listed]
            twice = [member for member in members if member in class_of]
            flags = {m: int(listed[m]['isthing']) for m in members if m in listed}
            if unknown or not members:
                problem = f'unknown are {unknown}; the categories are {[*listed]}'
            elif twice:
                owner = class_of[twice[0]]
                problem = f'{twice[0]!r} belongs to class {owner!r} already'
            elif len({*flags.values()}) > 1:
                problem = f'a class is a thing or stuff, but isthing is {flags}'
            else:
                class_of |= dict.fromkeys(members, name)
                continue
            where = f'classes[{name!r}] of the dataset is {members}'
            raise ValueError(f'{path}: {where}: {problem}')
        items = self.members.items()
        found = [{**listed[members[0]], 'name': name} for name, members in items]
        return sorted(found, key=lambda category: not category['isthing'])

    def class_of(self, categories: Sequence[Mapping[str, Any]]) -> dict[Any, str]:
        """Name of the class by category id, without void."""
        names = {m: name for name, members in self.members.items() for m in members}
        return {c['id']: names[c['name']] for c in categories if c['name'] in names}


def merged_ids(
    segments: Iterable[tuple[int, int | None, bool]], num_things: int
) -> dict[int, int]:
    """Find the ids of one image's segments that merging replaces.

    Args:
        segments: Id, label (None = void) and whether it is a crowd.
        num_things: Labels from here on are stuff, with one segment an image.

    Returns:
        New id by old id: 0 if the label is None; for all but the first segment of
        a stuff class, the id of the first.
    """
    first: dict[tuple, int] = {}
    merged = {}
    for number, label, crowd in segments:
        if label is None:
            merged[number] = 0
        elif label >= num_things and first.setdefault((label, crowd), number) != number:
            merged[number] = first[label, crowd]
    return merged
