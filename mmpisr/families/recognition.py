"""Find the family that a config's model belongs to, by class."""

import inspect

from mmengine.registry import MODELS

from .fields import Fields, find_class
from .table import Family, families

GUIDE = 'docs/your_own_architecture.md'


def recognise(fields: Fields) -> Family:
    """Find the family of a model.

    Args:
        fields: Of the config's ``model``.

    Raises:
        ValueError: The model has a relation already, is of no known family, lacks
            a part, or has code of its own that the host would drop.
    """
    _refuse_second_relation(fields)
    matches = [(_depth(fields, family), family) for family in families()]
    depth, family = max(matches, key=lambda match: match[0])
    if not depth:
        raise ValueError(_explain(fields))

    if missing := _missing(fields, family):
        raise ValueError(f'{_name_of(fields, family)} needs {_and(missing)}')
    for path, count in (fields.read(family.stuff) if family.stuff else {}).items():
        if count == 0:
            raise ValueError(f'{path} is 0: the config is not panoptic')
    _refuse_own_code(fields, family)
    return family


def _depth(fields: Fields, family: Family) -> int:
    """How derived a family's base class is; 0 if the model does not belong to it."""
    base = find_class(family.base, MODELS, None)
    kind = fields.part_class(family.part)
    belongs = base and inspect.isclass(kind) and issubclass(kind, base)
    return len(base.__mro__) if belongs else 0


def _refuse_second_relation(fields: Fields) -> None:
    for family in families():
        part = fields.part(family.part)
        if part is not None and 'relation' in part:
            raise ValueError(
                f'{fields.path(family.part)} is {part.get("type")} and has a relation '
                f'already: {part["relation"]}'
            )


def _refuse_own_code(fields: Fields, family: Family) -> None:
    """Refuse a subclass whose overrides the host, another subclass, would not have.

    A constructor of its own is let through if the host takes the config's arguments,
    for a class cannot be told from its parent by less.
    """
    kind, host = fields.part_class(family.part), find_class(family.host, MODELS, None)
    if host is None:
        raise ValueError(
            f'{family.host}, the host of {family.base}, is in no registry; is the '
            'module that registers it imported?'
        )
    name = _name_of(fields, family)
    own = [cls for cls in kind.__mro__ if not issubclass(host, cls)]
    lost = sorted({n for cls in own for n in vars(cls) if not _is_harmless(n)})
    if lost:
        raise ValueError(
            f'{name} has {_and(lost)} of its own, which {family.host} would not keep. '
            f'Write a host that inherits both, and register it: {GUIDE}'
        )
    constructors = [
        vars(cls)['__init__'] for cls in host.__mro__ if '__init__' in vars(cls)
    ]
    known = {name for c in constructors for name in inspect.signature(c).parameters}
    given = set(fields.part(family.part) or ()) - {'type', '_scope_'}
    if own and (unknown := sorted(given - known)):
        raise ValueError(
            f'{name} has {_and(unknown)}, which {family.host} does not take: {GUIDE}'
        )


def _is_harmless(name: str) -> bool:
    return name.startswith('__') or name == '_abc_impl'


def _explain(fields: Fields) -> str:
    """What each family misses in a model that belongs to none."""
    model = fields.part() or {}
    if fields.part_class() is None:
        return (
            f'{fields.path("type")} is {model.get("type")!r}, which is in no registry '
            '(looked up by default_scope and custom_imports)'
        )
    lines = [f'- {_shortcoming(fields, family)}' for family in families()]
    return '\n'.join(
        [
            f'no known family of panoptic models: {fields.path("type")} is '
            f'{model.get("type")!r}. A relation needs a model of one of these:',
            *lines,
            f'Another architecture needs a host of its own: {GUIDE}',
        ]
    )


def _shortcoming(fields: Fields, family: Family) -> str:
    needed = f'{family.base} as {fields.path(family.part)}'
    missing = _missing(fields, family)
    return f'{needed}: {_and(missing)} missing' if missing else needed


def _missing(fields: Fields, family: Family) -> list[str]:
    return [fields.path(need) for need in family.needs if not fields.read(need)]


def _name_of(fields: Fields, family: Family) -> str:
    return f'{fields.path(family.part)} ({fields.part_class(family.part).__name__})'


def _and(names: list[str]) -> str:
    *most, last = names
    return f'{", ".join(most)} and {last}' if most else last
