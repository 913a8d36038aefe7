"""Find the family of a config's model by its class."""

import inspect
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS

from .table import FAMILIES, Family

GUIDE = 'docs/your_own_architecture.md'


def recognise(cfg: Config) -> Family:
    """Find the family of a config's model.

    Raises:
        ValueError: The model has a relation already, belongs to no known family, or
            lacks a part; or the host would lack methods of its class.
    """
    for family in FAMILIES:
        part = _read(cfg, family.part)
        if isinstance(part, dict) and 'relation' in part:
            raise ValueError(
                f'{_path(family.part)} is {part.get("type")} and has a relation '
                f'already: {part["relation"]}'
            )
    family = max(FAMILIES, key=lambda family: _depth(cfg, family))
    if not _depth(cfg, family):
        raise ValueError(_explain(cfg))
    kind = _class_of(cfg, family.part)
    if missing := _missing(cfg, family):
        raise ValueError(f'{_path(family.part)} ({kind.__name__}) needs {missing}')
    _refuse_own_code(kind, family)
    return family


def find_class(name: object, scope: str | None) -> Any:
    """Find the class that a ``type`` stands for, as building it would; None if unknown.

    Args:
        name: Name in a registry; or the class itself, as in configs in pure Python.
        scope: Where names without prefix are looked up; None: in the default scope.
    """
    if not isinstance(name, str):
        return name
    with MODELS.switch_scope_and_registry(scope) as registry:
        return registry.get(name)


def _read(cfg: Config, field: str) -> Any:
    """Value of a field of the model; of the whole model if the name is empty."""
    value = cfg.model
    for name in field.split('.') if field else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _class_of(cfg: Config, field: str) -> Any:
    part = _read(cfg, field)
    if not isinstance(part, dict) or 'type' not in part:
        return None
    scope = cfg.model.get('_scope_', cfg.get('default_scope'))
    return find_class(part['type'], part.get('_scope_', scope))


def _depth(cfg: Config, family: Family) -> int:
    """Number of ancestors of the family's base; 0 if the model is of another family."""
    base, kind = find_class(family.base, None), _class_of(cfg, family.part)
    belongs = base and inspect.isclass(kind) and issubclass(kind, base)
    return len(base.__mro__) if belongs else 0


def _refuse_own_code(kind: type, family: Family) -> None:
    """Refuse a class with methods that the host, another subclass, would not have."""
    host = find_class(family.host, None)
    if host is None:
        raise ValueError(
            f'{family.host}, the host of {family.base}, is in no registry; '
            'import the module that registers it'
        )
    own = [cls for cls in kind.__mro__ if not issubclass(host, cls)]
    lost = {name for cls in own for name in vars(cls) if not name.startswith('__')}
    if lost := lost - {'_abc_impl'}:
        raise ValueError(
            f'{_path(family.part)} ({kind.__name__}) has {" and ".join(sorted(lost))} '
            f'of its own, which {family.host} would not have. Write a host that '
            f'inherits both classes, and register it: {GUIDE}'
        )


def _explain(cfg: Config) -> str:
    """List what the model lacks of each family."""
    kind = cfg.model.get('type')
    if _class_of(cfg, '') is None:
        return (
            f'model.type is {kind!r}, which is in no registry (looked up by '
            'default_scope and custom_imports)'
        )
    lines = [f'no known family of panoptic models: model.type is {kind!r}. Known are:']
    for family in FAMILIES:
        missing = _missing(cfg, family)
        lacks = f': {missing} missing' if missing else ''
        lines.append(f'- {family.base} as {_path(family.part)}{lacks}')
    return '\n'.join([*lines, f'Other architectures need their own host: {GUIDE}'])


def _missing(cfg: Config, family: Family) -> str:
    needs = [_path(need) for need in family.needs if _read(cfg, need) is None]
    return ' and '.join(needs)


def _path(field: str) -> str:
    return f'model.{field}' if field else 'model'
