"""Add a relation to a config, in memory or as a file that inherits it."""

import os
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from mmpisr.class_lists import check_equal_counts
from mmpisr.files import write_atomically

from .recognition import find_class, recognise


def add_relation(
    cfg: Config | str | Path, *, relation: str = 'PISR', num_instances: int = 50
) -> Config:
    """Add a relation to the config of any panoptic model of a known family.

    The new model is built once, without loading weights: its constructors compare
    channels, heads and classes.

    Args:
        cfg: A config, which is not changed; its path; or its name in a package,
            ``mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py``.
        relation: Name of a relation; one of another package needs its prefix.
        num_instances: Instance slots K; not given in the paper, chosen here.

    Returns:
        The config with the host's type and a relation.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: The model belongs to no known family, has a relation already, or
            cannot be built with one; a pipeline pads; there is no such relation.
    """
    config = read_config(cfg)
    _add(config, relation, num_instances)
    return config


def write_config(
    base: str | Path,
    out: str | Path | None = None,
    *,
    relation: str = 'PISR',
    num_instances: int = 50,
    force: bool = False,
) -> Path:
    """Write a config of at most 15 lines that loads as :func:`add_relation` returns.

    A base in Python style (``read_base``) gets a config in Python style, of 18 lines.

    Args:
        base: Path of the config to inherit, or its name in a package.
        out: The file; ``<relation>_<name of base>.py`` in this folder by default.
        relation: See :func:`add_relation`.
        num_instances: See :func:`add_relation`.
        force: Whether an existing file may be replaced.

    Returns:
        Path of the file, which is written completely or not at all.

    Raises:
        FileExistsError: The file exists, and ``force`` is not set.
        ValueError: As :func:`add_relation`; or a base in Python style cannot be
            imported from the folder of the new file, because of a name on the way.
    """
    changed = _add(read_config(base), relation, num_instances)
    path = Path(out or f'{relation.split(".")[-1].lower()}_{Path(base).stem}.py')
    if path.exists() and not force:
        raise FileExistsError(f'{path} is there already; --force replaces it')
    write_atomically(path, _config_text(str(base), path.parent, changed))
    return path


def read_config(cfg: Config | str | Path) -> Config:
    """Load a config by its path or its name in a package; a config is copied.

    Raises:
        FileNotFoundError: There is no such config.
    """
    if isinstance(cfg, Config):
        return deepcopy(cfg)
    if '::' not in str(cfg):
        return Config.fromfile(cfg)
    with TemporaryDirectory() as folder:  # mmengine finds such names only as bases
        path = Path(folder, Path(str(cfg)).name)
        path.write_text(f'_base_ = {str(cfg)!r}\n')
        return Config.fromfile(path)


def _add(cfg: Config, relation: str, num_instances: int) -> dict[str, Any]:
    """Add a relation to the config itself; returns the changed fields."""
    # loads mmdet
    from mmpisr.datasets.pipeline_checks import check_pipelines, type_name

    if not isinstance(cfg.get('model'), dict):
        raise ValueError(f'the config {cfg.filename or ""} has no model')
    if num_instances < 1:
        raise ValueError(f'num_instances must be at least 1, got {num_instances}')
    kind = _relation_type(relation, cfg.get('default_scope'))
    family = recognise(cfg)
    check_pipelines(cfg)

    added = dict(type=kind, num_instances=num_instances)
    changed: dict[str, Any] = dict(type=family.host, relation=added)
    for name in reversed(f'model.{family.part}'.strip('.').split('.')):
        changed = {name: changed}
    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    # no decay of categories' vectors and scales
    if optimizer and type_name(optimizer) == 'AdamW':
        custom_keys = dict(category_=dict(decay_mult=0.0))
        changed['optim_wrapper'] = dict(paramwise_cfg=dict(custom_keys=custom_keys))
    cfg.merge_from_dict(changed)
    _check_by_building(cfg)
    return changed


def _relation_type(name: str, scope: str | None) -> str:
    """Name of a relation with its prefix; an unknown one is refused."""
    from mmpisr.models.relations import BaseRelation
    from mmpisr.registry import MODELS as OURS

    full_name = name if '.' in name else f'mmpisr.{name}'
    kind = find_class(full_name, scope)
    if isinstance(kind, type) and issubclass(kind, BaseRelation):
        return full_name
    known = [key for key, cls in OURS.module_dict.items() if BaseRelation in cls.mro()]
    raise ValueError(f'no relation {name!r}; known are {", ".join(sorted(known))}')


def _check_by_building(cfg: Config) -> None:
    """Build the model, whose constructors compare its parts."""
    registries = MODELS.switch_scope_and_registry(cfg.get('default_scope'))
    try:
        with torch.random.fork_rng(devices=[]), registries as registry:
            model = registry.build(deepcopy(cfg.model))
    except Exception as reason:  # constructors of any package may raise anything
        kind = '' if isinstance(reason, ValueError) else f'{type(reason).__name__}: '
        raise ValueError(f'the host cannot be built: {kind}{reason}') from reason
    check_equal_counts(model)


def _config_text(base: str, folder: Path, changed: dict[str, Any]) -> str:
    """Text of a config in ``folder`` that inherits a base and changes its fields."""
    in_package = '::' in base
    path = base if in_package else Path(os.path.relpath(base, folder)).as_posix()
    if in_package or not Config._is_lazy_import(base):
        lines = [f'_base_ = {path!r}']
        lines += [f'{key} = {_python(value)}' for key, value in changed.items()]
    else:
        lines = ['from mmengine.config import read_base\n', 'with read_base():']
        lines += [f'    from {_module(path)} import *  # noqa: F403\n']
        # `update` changes nested dicts, too, and takes the arguments of `dict`
        lines += [f'{k}.update{_python(v)[len("dict") :]}' for k, v in changed.items()]
    return '\n'.join([*lines, ''])


def _module(path: str) -> str:
    """Name by which ``read_base`` imports a relative path."""
    names = path.removesuffix('.py').split('/')
    below = [name for name in names if name != '..']
    for name in below:
        if not name.isidentifier():
            raise ValueError(
                f'read_base imports configs by name, and {name!r} in {path} is no name '
                'in Python: rename it, or write the new config beside the base (--out)'
            )
    return '.' * (len(names) - len(below) + 1) + '.'.join(below)


def _python(value: object, *, indent: int = 0) -> str:
    """Python text of a value as ``ruff format`` writes it, nested dicts in lines."""
    if not isinstance(value, dict):
        return repr(value)
    items = [f'{key}={_python(item, indent=indent + 4)}' for key, item in value.items()]
    if not any(isinstance(item, dict) for item in value.values()):
        return f'dict({", ".join(items)})'
    inner = ''.join(f'{" " * (indent + 4)}{item},\n' for item in items)
    return f'dict(\n{inner}{" " * indent})'
