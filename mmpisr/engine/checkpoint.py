"""Checkpoints are data: loading one runs no code unless the user trusts the file.

mmengine 0.10.12 tries ``weights_only=True`` first, but falls back to a full unpickling
when that fails, and ``Runner.resume`` runs the config text in a checkpoint's ``meta``
as Python. :func:`checkpoint_trust` shuts both doors for everything that mmengine loads
within it: ``load_from``, ``resume`` and ``init_cfg``. It uses torch's own switch and
list of safe globals, and mmengine's table of loaders, which it restores at the end.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

TORCH_SWITCHES = (
    'TORCH_FORCE_WEIGHTS_ONLY_LOAD',
    'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD',
)
NUMBERS = '?bhilqBHILQefd'  # numpy's character codes of bool, int, uint and float


def safe_globals() -> list[Any]:
    """List what mmengine's own checkpoints hold beyond tensors: numpy and histories."""
    from numpy._core import multiarray

    return [
        np.ndarray,
        np.dtype,
        multiarray._reconstruct,
        multiarray.scalar,
        *{type(np.dtype(code)) for code in NUMBERS},
        HistoryBuffer,
        (statistics_method, 'builtins.getattr'),
    ]


def statistics_method(owner: Any, name: str) -> Callable:
    """Stand in for ``getattr``, by which a pickled history names its statistics.

    Raises:
        UnpicklingError: It is asked for anything but a public method of HistoryBuffer.
    """
    if owner is not HistoryBuffer or name.startswith('_') or name not in vars(owner):
        raise UnpicklingError(f'getattr({owner!r}, {name!r}) is not a statistic')
    return vars(owner)[name]


def load_from_disk(filename: str, map_location: Any = None) -> Any:
    """Load a local checkpoint with ``weights_only=True``.

    Raises:
        FileNotFoundError: There is no such file.
        UnpicklingError: The pickle needs more than tensors and ``safe_globals``.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    with torch.serialization.safe_globals(safe_globals()):
        return torch.load(path, map_location=map_location, weights_only=True)


def _guard(loader: Callable) -> Callable:
    """Name the file when a loader refuses it; drop the config that resume would run."""

    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        try:
            checkpoint = loader(filename, *args, **kwargs)
        except UnpicklingError as error:
            raise ValueError(
                f'{filename} holds more than weights, and loading it can run any code '
                f'({str(error).splitlines()[0]}). Pass --trust-checkpoint if you know '
                'who made it.'
            ) from error
        if isinstance(checkpoint, dict) and isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        return checkpoint

    return load


@contextmanager
def checkpoint_trust(trusted: bool = False) -> Iterator[None]:
    """Refuse, within the block, checkpoints that need more than weights.

    Args:
        trusted: The user vouches for the files (``--trust-checkpoint``): mmengine
            loads them as it always does.
    """
    if trusted:
        yield
        return
    schemes = CheckpointLoader._schemes
    CheckpointLoader._schemes = type(schemes)(
        (prefix, _guard(loader if prefix else load_from_disk))
        for prefix, loader in schemes.items()
    )
    try:
        with _forced_weights_only(), torch.serialization.safe_globals(safe_globals()):
            yield
    finally:
        CheckpointLoader._schemes = schemes


@contextmanager
def _forced_weights_only() -> Iterator[None]:
    """Turn torch's own switch, which holds against an explicit weights_only=False."""
    before = {name: os.environ.pop(name, None) for name in TORCH_SWITCHES}
    os.environ[TORCH_SWITCHES[0]] = '1'
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
