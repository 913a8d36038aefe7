"""Digests of configs, equal where the same is trained, or tested."""

import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmpisr.registry import MODELS

LENGTH = 12  # hexadecimal digits
SHARED = 'model', 'data_preprocessor', 'env_cfg', 'default_scope'
TRAINING = (
    *SHARED,
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'custom_hooks', 'load_from'),
    *('auto_scale_lr', 'default_hooks', 'randomness'),
)
TEST = *SHARED, 'test_dataloader', 'test_cfg', 'test_evaluator'


def training_digest(cfg: Config) -> str:
    """Digest what a training depends on: neither its seed nor where anything lies."""
    return _digest(cfg, TRAINING)


def evaluation_digest(cfg: Config) -> str:
    """Digest what a test depends on, besides the weights."""
    return _digest(cfg, TEST)


def with_defaults(node: Any, scope: str = 'mmdet') -> Any:
    """Write out the default arguments of the models in a config.

    So an option that equals a default changes nothing, and a default that changes in
    the code is seen, those that a class hands on to its parents included.

    Args:
        node: A model's config, or a part of one.
        scope: Where types without a prefix are looked up.
    """
    if isinstance(node, Mapping):
        filled = {**_defaults(node.get('type'), scope), **node}
        return {key: with_defaults(value, scope) for key, value in filled.items()}
    if isinstance(node, list | tuple):
        return [with_defaults(value, scope) for value in node]
    return node


def _digest(cfg: Config, keys: Sequence[str]) -> str:
    content = {key: cfg[key] for key in keys if key in cfg}
    if 'model' in content:
        scope = cfg.get('default_scope') or 'mmdet'
        content['model'] = with_defaults(content['model'], scope)
    if 'randomness' in content:
        content['randomness'] = {**content['randomness'], 'seed': None}
    placeless = _without_roots(content, sorted(_roots(content), key=len)[::-1])
    text = json.dumps(placeless, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _defaults(kind: Any, scope: str) -> dict[str, Any]:
    if not isinstance(kind, str):
        return {}
    with MODELS.switch_scope_and_registry(scope) as registry:
        found = registry.get(kind)
    filled: dict[str, Any] = {}
    for cls in getattr(found, '__mro__', [found] if found else []):
        if '__init__' not in vars(cls) and inspect.isclass(cls):
            continue
        parameters = inspect.signature(cls).parameters.values()
        own = {p.name: p.default for p in parameters if p.default is not p.empty}
        filled = {**own, **filled}
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            break
    return filled


def _roots(node: Any) -> set[str]:
    """Every ``data_root``."""
    found = {root for child in _children(node) for root in _roots(child)}
    if isinstance(node, Mapping) and node.get('data_root'):
        found.add(str(node['data_root']).rstrip('/'))
    return found


def _without_roots(node: Any, roots: Sequence[str]) -> Any:
    """The same without ``data_root``, and with paths from there."""
    if isinstance(node, Mapping):
        kept = {key: value for key, value in node.items() if key != 'data_root'}
        return {key: _without_roots(value, roots) for key, value in kept.items()}
    if isinstance(node, list | tuple):
        return [_without_roots(value, roots) for value in node]
    for root in roots:
        if isinstance(node, str) and node.startswith(f'{root}/'):
            return node[len(root) + 1 :].lstrip('/')
    return node


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        yield from node.values()
    elif isinstance(node, list | tuple):
        yield from node
