"""Write the config that inherits another and adds a relation to it."""

import os
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .add import load_config, overrides


def write_config(
    base: str | Path,
    out: str | Path | None = None,
    *,
    relation: str = 'PISR',
    num_instances: int = 50,
    force: bool = False,
) -> Path:
    """Write a config of at most 15 lines that loads as :func:`add_relation` returns.

    Args:
        base: Path of the config to inherit, or its name in a package.
        out: The file; ``<relation>_<name of base>.py`` in this folder by default.
        relation: See :func:`add_relation`.
        num_instances: See :func:`add_relation`.
        force: Whether a file that is there may be replaced.

    Returns:
        Path of the file. It appears whole or not at all.

    Raises:
        FileExistsError: The file is there, and ``force`` is not set.
        ValueError: As :func:`add_relation`; or the base is written in pure Python
            (``read_base``), which ``_base_`` cannot name.
    """
    _refuse_pure_python(base)
    changed = overrides(
        load_config(base), relation=relation, num_instances=num_instances
    )
    default = f'{relation.rpartition(".")[2].lower()}_{Path(base).stem}.py'
    path = Path(out or default)
    if path.exists() and not force:
        raise FileExistsError(f'{path} is there already; --force replaces it')

    draft = path.with_name(f'.{path.name}.{os.getpid()}')
    draft.write_text(config_text(_name_from(base, path.parent), changed))
    draft.replace(path)
    return path


def config_text(base: str, changed: dict[str, Any]) -> str:
    """Python text of a config: what it inherits, then what it changes."""
    assignments = [f'{key} = {_python(value)}\n' for key, value in changed.items()]
    return f'_base_ = {base!r}\n' + ''.join(assignments)


def _python(value: object, *, indent: int = 0) -> str:
    """A value as ``ruff format`` leaves it: dicts that hold dicts take a line a key."""
    if not isinstance(value, dict):
        return repr(value)
    items = [f'{key}={_python(item, indent=indent + 4)}' for key, item in value.items()]
    if not any(isinstance(item, dict) for item in value.values()):
        return f'dict({", ".join(items)})'
    inner = ''.join(f'{" " * (indent + 4)}{item},\n' for item in items)
    return f'dict(\n{inner}{" " * indent})'


def _name_from(base: str | Path, folder: Path) -> str:
    """The base as a config in a folder names it."""
    if '::' in str(base):
        return str(base)
    return Path(os.path.relpath(base, folder)).as_posix()


def _refuse_pure_python(base: str | Path) -> None:
    if '::' not in str(base) and Config._is_lazy_import(str(base)):
        raise ValueError(
            f'{base} is written in pure Python (read_base), which `_base_` cannot '
            'name; mmpisr.add_relation takes it'
        )
