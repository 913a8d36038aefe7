"""A cheap digest of the data a config trains and is evaluated on."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LENGTH = 16  # hexadecimal digits
LOADERS = 'train_dataloader', 'val_dataloader'


def data_digest(cfg: Mapping[str, Any]) -> str:
    """Digest the jsons' contents and the names and sizes of the truth's pngs.

    Args:
        cfg: A whole config; its datasets have ``ann_file`` and ``data_prefix.seg``.

    Returns:
        16 hexadecimal digits; they do not depend on where the data lies.

    Raises:
        FileNotFoundError: A json is not there.
    """
    digest = hashlib.sha256()
    for loader in LOADERS:
        dataset = cfg[loader]['dataset']
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        root = Path(dataset.get('data_root') or '')
        digest.update(_read(root / dataset['ann_file']))
        folder = root / dataset['data_prefix']['seg']
        for path in sorted(folder.glob('*.png')):
            digest.update(f'{path.name} {path.stat().st_size}\n'.encode())
    return digest.hexdigest()[:LENGTH]


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: no such file; docs/datasets.md says how each dataset is made, '
            '--data-root where it is'
        )
    return path.read_bytes()
