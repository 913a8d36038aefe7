"""What a study file inherits from the one that its ``_base_`` names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.fileio import load

from mmpisr.apis.option_flags import flatten

BASE = '_base_'


def load_study(path: Path) -> Any:
    """Load a study file together with its base.

    ``config`` and ``seeds`` are the base's where the file has none, ``options`` the
    base's where it does not change them. A variant that is only a label is the base's.

    Args:
        path: The file. ``_base_`` is relative to it, a config to the file it stands in.

    Returns:
        Its content without ``_base_``, not checked further.

    Raises:
        ValueError: The base is no study file, has a base itself, or lacks a label.
            Names the file, the field and both values.
    """
    content = load(path)
    if not isinstance(content, Mapping) or BASE not in content:
        return content
    base = _load_base(path, content[BASE])
    inherited = {key: base[key] for key in ('config', 'seeds') if key in base}
    merged = {**inherited, **content}
    del merged[BASE]
    theirs, own = (one.get('options') or {} for one in (base, content))
    if isinstance(theirs, Mapping) and isinstance(own, Mapping):
        merged['options'] = {**flatten(theirs), **flatten(own)}
    merged['variants'] = [
        _base_variant(f'{path}: variants[{index}]', entry, base['variants'])
        if isinstance(entry, str)
        else entry
        for index, entry in enumerate(content.get('variants', []))
    ]
    return merged


def _load_base(path: Path, name: Any) -> dict[str, Any]:
    """The base's content, its configs wherever this file is."""
    file = path.parent / str(name)
    if not file.is_file():
        raise ValueError(f'{path}: {BASE}: {name!r} is not at {file.resolve()}')
    base = load(file)
    if not isinstance(base, dict) or 'variants' not in base or BASE in base:
        raise ValueError(
            f'{path}: {BASE}: {name!r} needs variants and no {BASE} of its own'
        )
    variants = [v for v in base['variants'] if isinstance(v, dict)]
    for part in [base, *variants]:
        if 'config' in part:
            part['config'] = str((file.parent / part['config']).resolve())
    for variant in variants:
        if 'config' in base and 'trained_as' not in variant:
            variant.setdefault('config', base['config'])
    return base


def _base_variant(field: str, label: str, variants: list[Any]) -> Mapping[str, Any]:
    found = {v.get('label'): v for v in variants if isinstance(v, Mapping)}
    if label not in found:
        raise ValueError(f"{field}: {label!r} is none of the base's {[*found]}")
    return found[label]
