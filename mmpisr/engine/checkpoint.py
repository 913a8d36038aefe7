"""Checkpoints are data: loading one runs no code unless the user trusts the file.

mmengine 0.10.12 tries ``weights_only=True`` first, but falls back to a full unpickling
when that fails, and ``Runner.resume`` runs the config text in a checkpoint's ``meta``
as Python. :func:`checkpoint_trust` shuts both doors for everything that mmengine loads
within it: ``load_from``, ``resume`` and ``init_cfg``. It uses torch's own switch and
list of safe globals, and mmengine's table of loaders, which it restores at the end.

A file that is no whole checkpoint is called what it is, trusted or not.
"""

import datetime
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleLR
from mmengine.runner.checkpoint import CheckpointLoader

from .checkpoint_files import DamagedCheckpointError, check_file

TORCH_SWITCHES = (
    'TORCH_FORCE_WEIGHTS_ONLY_LOAD',
    'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD',
)
NUMBERS = '?bhilqBHILQefdUS'  # numpy's codes of bool, int, uint, float and text
ONE_CYCLE = 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler'

DAMAGED = 'PytorchStreamReader|truncated|invalid load key|^EOF|unexpected EOF'


class OneCycle:
    """Stand in for the scheduler whose state names its annealing function."""

    _annealing_cos = staticmethod(OneCycleLR._annealing_cos)
    _annealing_linear = staticmethod(OneCycleLR._annealing_linear)


def safe_globals() -> list[Any]:
    """List what mmengine's own checkpoints hold beyond tensors.

    These are numpy's arrays and scalars, histories, a one-cycle schedule, and what the
    ``metainfo`` of a dataset brings: parts of a config (read as dicts), paths (read as
    text) and dates. A class that is not needed as such has a stand-in.
    """
    from numpy._core import multiarray

    return [
        np.ndarray,
        np.dtype,
        multiarray._reconstruct,
        multiarray.scalar,
        *{type(np.dtype(code)) for code in NUMBERS},
        HistoryBuffer,
        (OneCycle, ONE_CYCLE),
        (named_function, 'builtins.getattr'),
        (dict, 'mmengine.config.config.ConfigDict'),
        datetime.date,
        datetime.datetime,
        (os.path.join, f'{type(Path()).__module__}.{type(Path()).__name__}'),
    ]


def named_function(owner: Any, name: str) -> Callable:
    """Stand in for ``getattr``, by which pickled states name functions.

    Raises:
        UnpicklingError: It is asked for anything but a public method of HistoryBuffer
            (its statistics) or an annealing function of a one-cycle schedule.
    """
    if owner is OneCycle and name in ('_annealing_cos', '_annealing_linear'):
        return getattr(owner, name)
    if owner is not HistoryBuffer or name.startswith('_') or name not in vars(owner):
        raise UnpicklingError(f'GLOBAL getattr({owner!r}, {name!r})')
    return vars(owner)[name]


def check_loadable(field: str, content: dict) -> None:
    """Refuse what a checkpoint would hold but could not be resumed with.

    Raises:
        ValueError: Naming the key and the type of the value.
    """
    for key, value in content.items():
        buffer = io.BytesIO()
        try:
            torch.save(value, buffer)
            buffer.seek(0)
            with torch.serialization.safe_globals(safe_globals()):
                torch.load(buffer, weights_only=True)
        except Exception as error:
            raise ValueError(
                f'{field}[{key!r}] holds {_needed(error)}, with which no checkpoint '
                'could be resumed: they hold numbers, text, lists, dicts and arrays'
            ) from error


def _needed(error: Exception) -> str:
    """What a pickle needs, out of torch's long message."""
    match = re.search(r'GLOBAL (.+?\)?)(?: was not|$|\n)', str(error))
    return match[1] if match else (str(error) or repr(error)).splitlines()[0]


def load_from_disk(filename: str, map_location: Any = None) -> Any:
    """Load a local checkpoint with ``weights_only=True``.

    Raises:
        UnpicklingError: The pickle needs more than tensors and ``safe_globals``.
    """
    path = Path(filename).expanduser()
    with torch.serialization.safe_globals(safe_globals()):
        return torch.load(path, map_location=map_location, weights_only=True)


def _checked(loader: Callable) -> Callable:
    """Check a local file before it is loaded; find its neighbours if it was moved."""

    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        path = Path(filename).expanduser()
        check_file(path)
        try:
            checkpoint = loader(filename, *args, **kwargs)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            text = str(error) or type(error).__name__
            if re.search(DAMAGED, text):
                raise DamagedCheckpointError(
                    f'checkpoint {path} ({path.stat().st_size} bytes) is damaged: '
                    f'{text.splitlines()[0]}'
                ) from error
            raise
        _find_moved(checkpoint, path.parent)
        return checkpoint

    return load


def _find_moved(checkpoint: Any, folder: Path) -> None:
    """Point the paths that a training noted to files of that name in its folder.

    A resumed training replaces its ``best_*`` file, and must not remove the one of the
    work dir that this one was copied from.
    """
    hub = checkpoint.get('message_hub') if isinstance(checkpoint, dict) else None
    noted = hub.get('runtime_info', {}) if isinstance(hub, dict) else {}
    for key, value in noted.items():
        is_path = key == 'last_ckpt' or key.startswith('best_ckpt')
        if is_path and isinstance(value, str) and (folder / Path(value).name).is_file():
            noted[key] = str(folder / Path(value).name)


def _guard(loader: Callable) -> Callable:
    """Name the file when a loader refuses it; drop the config that resume would run."""

    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        try:
            checkpoint = loader(filename, *args, **kwargs)
        except UnpicklingError as error:
            raise ValueError(
                f'{filename} holds more than weights, and loading it can run any code '
                f'({_needed(error)}). Pass --trust-checkpoint if you know who made it.'
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
    schemes = CheckpointLoader._schemes
    guarded = type(schemes)(schemes)
    guarded[''] = _checked(schemes[''] if trusted else load_from_disk)
    if not trusted:
        guarded.update({prefix: _guard(loader) for prefix, loader in guarded.items()})
    CheckpointLoader._schemes = guarded
    try:
        if trusted:
            yield
            return
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
