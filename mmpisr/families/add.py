"""Add a relation to a config."""

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS

from .agreement import check_agreement
from .fields import Fields, find_class
from .recognition import recognise


def add_relation(
    cfg: Config | str | Path, *, relation: str = 'PISR', num_instances: int = 50
) -> Config:
    """Add a relation to the config of any panoptic model of a known family.

    Args:
        cfg: A config, which is not changed; the path of one; or the name of a
            package's, ``mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py``.
        relation: Name of a relation of ours, or with its prefix that of another
            package.
        num_instances: Instance slots K. Our choice; not public.

    Returns:
        The config with the host's type and a relation.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: The model is of no known family or has a relation already; its
            classes, channels or heads disagree; there is no such relation.
    """
    config = load_config(cfg)
    config.merge_from_dict(
        overrides(config, relation=relation, num_instances=num_instances)
    )
    return config


def overrides(
    cfg: Config, *, relation: str = 'PISR', num_instances: int = 50
) -> dict[str, Any]:
    """The fields that :func:`add_relation` changes, as an inheriting config has them.

    Args:
        cfg: The config.
        relation: See :func:`add_relation`.
        num_instances: See :func:`add_relation`.

    Raises:
        ValueError: As :func:`add_relation`.
    """
    if not isinstance(cfg.get('model'), dict):
        raise ValueError(f'the config {cfg.filename or ""} has no model')
    added: dict[str, Any] = dict(
        type=relation_type(relation, cfg.get('default_scope')),
        num_instances=_positive(num_instances=num_instances),
    )
    fields = Fields(cfg, 'model', MODELS)
    family = recognise(fields)
    check_agreement(cfg, fields, family)

    changed: dict[str, Any] = dict(type=family.host, relation=added)
    for name in reversed([*family.part.split('.')] if family.part else []):
        changed = {name: changed}
    return {'model': changed, **_undecayed(cfg)}


def _undecayed(cfg: Config) -> dict[str, Any]:
    """Exempt what categories have (vectors, scales, shifts) from AdamW's decay."""
    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    if optimizer.get('type') != 'AdamW':
        return {}
    custom_keys = dict(category_=dict(decay_mult=0.0))
    return dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys=custom_keys)))


def load_config(cfg: Config | str | Path) -> Config:
    """Load a config by its path or a package's name; a config is copied.

    Raises:
        FileNotFoundError: There is no such config.
    """
    if isinstance(cfg, Config):
        return deepcopy(cfg)
    if '::' not in str(cfg):
        return Config.fromfile(cfg)
    with TemporaryDirectory() as folder:  # only bases may be named by package
        path = Path(folder, Path(str(cfg)).name)
        path.write_text(f'_base_ = {str(cfg)!r}\n')
        return Config.fromfile(path)


def relation_type(name: str, scope: str | None = None) -> str:
    """The ``type`` of a relation, with its prefix.

    Args:
        name: With a prefix, or of ours without.
        scope: Default scope of the config.

    Raises:
        ValueError: There is no such relation; names those that there are.
    """
    from mmpisr.models.relations import BaseRelation
    from mmpisr.registry import MODELS as OURS

    full_name = name if '.' in name else f'mmpisr.{name}'
    kind = find_class(full_name, MODELS, scope)
    if not (isinstance(kind, type) and issubclass(kind, BaseRelation)):
        known = [
            name
            for name, kind in OURS.module_dict.items()
            if isinstance(kind, type) and issubclass(kind, BaseRelation)
        ]
        raise ValueError(f'no relation {name!r}; known are {", ".join(sorted(known))}')
    return full_name


def _positive(**counts: int) -> int:
    ((name, count),) = counts.items()
    if count < 1:
        raise ValueError(f'{name} must be at least 1, got {count}')
    return count
