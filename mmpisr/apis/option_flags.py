"""Options as flags of a training, refusing what would change there."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import DictAction


def flatten(options: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn nested options into dotted keys.

    ``{'model.relation': {'_delete_': True, 'type': 'X'}}`` becomes
    ``model.relation._delete_`` and ``model.relation.type``: with the former mmengine
    drops what the config had under ``model.relation``, on the command line too.
    """
    return dict(_leaves(options, prefix))


def to_flags(options: Mapping[str, Any]) -> list[str]:
    """Write options as ``--cfg-options`` reads them.

    Args:
        options: Flat: numbers, bools, None, strings, and lists of those.

    Returns:
        ``key=value`` each.

    Raises:
        ValueError: A value is read back as another one (the string ``'1e-4'``).
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
    """Read ``key=value`` flags as the training does."""
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
    return parser.parse_args(['--cfg-options', *flags]).cfg_options


def _leaves(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f'[{",".join(map(_text, value))}]'
    return str(value)
