"""Merge ``--cfg-options`` so that ``data_root`` applies to the whole config.

mmengine merges options after a config is computed, so ``data_root=X`` alone would
change a variable that is no longer used.
"""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from .pipeline_checks import nodes_of

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
EVALUATORS = ('val_evaluator', 'test_evaluator')


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Merge ``--cfg-options`` into a config, in place.

    Like ``cfg.merge_from_dict(options)``, but ``data_root`` also replaces the root in
    all dataloaders and evaluators: as ``data_root`` of datasets, and at the start of
    paths. More specific options take precedence.

    Raises:
        ValueError: ``data_root`` is given, but the datasets have several roots.
    """
    options = dict(options or {})
    if 'data_root' in options:
        _replace_data_root(cfg, str(options['data_root']))
    cfg.merge_from_dict(options)


def _replace_data_root(cfg: Config, new: str) -> None:
    sections = {key: cfg[key] for key in (*LOADERS, *EVALUATORS) if cfg.get(key)}
    loaders = [sections[key] for key in LOADERS if key in sections]
    given = [node.get('data_root') for _, node in nodes_of('', loaders)]
    roots = {root for root in given if isinstance(root, str)}
    if len(roots) > 1:
        raise ValueError(
            f'data_root={new!r} cannot replace several roots: {sorted(roots)}; set '
            'data_root of each dataset instead'
        )
    for old in roots:
        for key, section in sections.items():
            cfg[key] = _replaced(section, old, new)


def _replaced(node: Any, old: str, new: str) -> Any:
    """Copy a node with the new root in all strings that begin with the old one."""
    if isinstance(node, Mapping):
        return {key: _replaced(child, old, new) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return type(node)(_replaced(child, old, new) for child in node)
    prefix = old.rstrip('/') + '/'
    if isinstance(node, str) and old and (node + '/').startswith(prefix):
        return f'{new.rstrip("/")}/{node[len(prefix) :]}'
    return node
