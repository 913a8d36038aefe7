"""Write options of a config as ``--cfg-options`` of a command."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from mmengine.config import DictAction


def flatten(options: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn nested options into dotted keys.

    ``{'model.relation': {'_delete_': True, 'type': 'X'}}`` becomes
    ``model.relation._delete_`` and ``model.relation.type``. mmengine then drops what
    the config had under ``model.relation``, as it does for nested dicts.
    """
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f'{prefix}{key}.')
        else:
            flat[f'{prefix}{key}'] = value
    return flat


def to_flags(options: Mapping[str, Any]) -> list[str]:
    """Write options as the words after ``--cfg-options``.

    Args:
        options: Dotted keys; values are numbers, bools, None, strings or lists of them.

    Returns:
        ``key=value`` each.

    Raises:
        ValueError: ``--cfg-options`` would read another value (the string ``'1e-4'``).
    """
    flags = [f'{key}={_text(value)}' for key, value in options.items()]
    for (key, value), flag in zip(options.items(), flags, strict=True):
        found = read_flags([flag])[key]
        if found != value or type(found) is not type(value):
            raise ValueError(
                f'option {key}: {value!r} is read back as {found!r} from {flag!r}'
            )
    return flags


def read_flags(flags: list[str]) -> dict[str, Any]:
    """Read ``key=value`` words as the tools read them."""
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
    return parser.parse_args(['--cfg-options', *flags]).cfg_options


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f'[{",".join(map(_text, value))}]'
    return str(value)
