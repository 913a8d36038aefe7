"""Digests that are equal where the same is trained on the same data, or tested."""

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmpisr.registry import MODELS

LENGTH = 12  # hexadecimal digits
DATA_LENGTH = 16
SHARED = 'model', 'data_preprocessor', 'env_cfg', 'default_scope'
READ_BY_A_TRAINING = (
    *SHARED,
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'custom_hooks', 'load_from'),
    *('auto_scale_lr', 'default_hooks', 'randomness'),
)
READ_BY_A_TEST = *SHARED, 'test_dataloader', 'test_cfg', 'test_evaluator'


def training_digest(cfg: Config) -> str:
    """Digest what a training depends on, without its seed and without places."""
    return _digest(cfg, READ_BY_A_TRAINING)


def evaluation_digest(cfg: Config) -> str:
    """Digest what a test depends on, besides the weights."""
    return _digest(cfg, READ_BY_A_TEST)


def data_digest(cfg: Mapping[str, Any]) -> str:
    """Digest the jsons' contents and the names and sizes of the truth's pngs.

    Args:
        cfg: A whole config; its datasets have ``ann_file`` and ``data_prefix.seg``.

    Raises:
        FileNotFoundError: A json is not there.
    """
    digest = hashlib.sha256()
    for loader in 'train_dataloader', 'val_dataloader':
        dataset = cfg[loader]['dataset']
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        root = Path(dataset.get('data_root') or '')
        path = root / dataset['ann_file']
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no such file; docs/datasets.md says how each dataset is '
                'made, --data-root where it is'
            )
        content = json.loads(path.read_text())
        digest.update(json.dumps(content, sort_keys=True).encode())
        for png in sorted((root / dataset['data_prefix']['seg']).glob('*.png')):
            digest.update(f'{png.name} {png.stat().st_size}\n'.encode())
    return digest.hexdigest()[:DATA_LENGTH]


def with_defaults(node: Any, scope: str = 'mmdet') -> Any:
    """Write out the default arguments of the models in a config.

    With them, an option that equals a default changes no digest, and a default that
    changes in the code changes it, defaults of parent classes included.

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
    if isinstance(node, list | tuple):
        return {root for child in node for root in _roots(child)}
    if not isinstance(node, Mapping):
        return set()
    own = {str(node['data_root']).rstrip('/')} if node.get('data_root') else set()
    return own.union(*map(_roots, node.values()))


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
