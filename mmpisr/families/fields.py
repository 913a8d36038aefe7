"""Read a config as its constructors would: types resolved, defaults counted."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry


def find_class(name: object, root: Registry, scope: str | None) -> Any:
    """Find what a ``type`` stands for, as building it in a scope would.

    Args:
        name: Name in a registry, with its prefix or without; or the class itself, as
            configs in pure Python have it.
        root: mmengine's registry of its kind.
        scope: Where a name without prefix is looked up first; None: the default scope.

    Returns:
        The class or function; None if there is none.
    """
    if not isinstance(name, str):
        return name
    with root.switch_scope_and_registry(scope) as registry:
        return registry.get(name)


class Fields:
    """The fields of one part of a config, such as ``model``.

    Args:
        cfg: The whole config.
        name: The part's name.
        registry: mmengine's registry that the part is built from.
    """

    def __init__(self, cfg: Config, name: str, registry: Registry) -> None:
        self.name = name
        self._root = cfg[name]
        self._registry = registry
        self._scope = cfg.get('default_scope')

    def path(self, field: str = '') -> str:
        """The name of a field in the whole config, ``model.roi_head``."""
        return f'{self.name}.{field}' if field else self.name

    def read(self, field: str) -> dict[str, Any]:
        """Values of a field by the full name, defaults of constructors included.

        A list on the way (the stages of a cascade) gives a value an entry. What is
        neither written nor has a default is left out, and so is None.
        """
        found = self._descend(self._root, self.name, self._scope, field.split('.'))
        return {path: value for path, value in found if value is not None}

    def part(self, field: str = '') -> dict | None:
        """The dict at a field, the root by default; None if there is none."""
        value = next(iter(self.read(field).values()), None) if field else self._root
        return value if isinstance(value, dict) else None

    def part_class(self, field: str = '') -> Any:
        """The class that the ``type`` at a field stands for; None if there is none."""
        part = self.part(field)
        if part is None or 'type' not in part:
            return None
        scope = self._root.get('_scope_', self._scope)
        return find_class(part['type'], self._registry, part.get('_scope_', scope))

    def _descend(
        self, value: Any, path: str, scope: str | None, names: Sequence[str]
    ) -> Iterator[tuple[str, Any]]:
        if not names:
            yield path, value
        elif isinstance(value, list | tuple):
            for index, entry in enumerate(value):
                yield from self._descend(entry, f'{path}[{index}]', scope, names)
        elif isinstance(value, dict):
            scope = value.get('_scope_', scope)
            written = names[0] in value
            child = (
                value[names[0]] if written else self._default(value, scope, names[0])
            )
            yield from self._descend(child, f'{path}.{names[0]}', scope, names[1:])

    def _default(self, part: dict, scope: str | None, name: str) -> Any:
        """The default of a constructor's argument; None if there is none."""
        kind = find_class(part.get('type', ''), self._registry, scope)
        if not inspect.isclass(kind):
            return None
        argument = inspect.signature(kind).parameters.get(name)
        has_default = argument is not None and argument.default is not argument.empty
        return argument.default if has_default else None  # type: ignore[union-attr]
