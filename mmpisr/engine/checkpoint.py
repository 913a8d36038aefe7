"""Load checkpoints without running code, unless the user trusts the file.

mmengine 0.10.12 first tries ``weights_only=True``, with ``getattr`` allowed, and falls
back to full unpickling. ``Runner.resume`` also runs the config text in a checkpoint's
``meta`` as Python. :func:`checkpoint_trust` prevents both for all that mmengine loads
within it: ``load_from``, ``resume`` and ``init_cfg``. It uses torch's own switch and
list of safe globals, and replaces mmengine's table of loaders until it ends.

Damaged files are described as such, whether they are trusted or not.
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
    """Replaces the scheduler class whose state refers to its annealing function."""

    _annealing_cos = staticmethod(OneCycleLR._annealing_cos)
    _annealing_linear = staticmethod(OneCycleLR._annealing_linear)


def safe_globals() -> list[Any]:
    """List the classes in mmengine's own checkpoints, other than tensors.

    These are numpy's arrays and scalars, histories, a one-cycle schedule, and values
    of a dataset's ``metainfo``: parts of a config (loaded as dicts), paths (loaded as
    text) and dates. Where a class itself is not needed, a pair names its replacement.
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
    """Replaces ``getattr``, by which pickled states refer to functions.

    Raises:
        UnpicklingError: The function is neither a public method of HistoryBuffer (its
            statistics) nor an annealing function of a one-cycle schedule.
    """
    if owner is OneCycle and name in ('_annealing_cos', '_annealing_linear'):
        return getattr(owner, name)
    if owner is not HistoryBuffer or name.startswith('_') or name not in vars(owner):
        raise UnpicklingError(f'GLOBAL getattr({owner!r}, {name!r})')
    return vars(owner)[name]


def check_loadable(field: str, content: dict) -> None:
    """Refuse values that a checkpoint could save but not load.

    Args:
        field: Where the values stand in the config.
        content: The values.

    Raises:
        ValueError: Names the key and the type of the value.
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
                f'{field}[{key!r}] holds {_needed(error)}, so that no checkpoint of '
                'this run could be resumed; use numbers, text, lists, dicts and arrays'
            ) from error


def _needed(error: Exception) -> str:
    """Extract the missing class from torch's long message."""
    match = re.search(r'GLOBAL (.+?\)?)(?: was not|$|\n)', str(error))
    return match[1] if match else (str(error) or repr(error)).splitlines()[0]


def load_from_disk(filename: str, map_location: Any = None) -> Any:
    """Load a local checkpoint, with ``safe_globals`` in place of mmengine's list.

    The list is set for each file: torch's ``safe_globals`` removes its entries when it
    ends, also those of an outer block.

    Raises:
        UnpicklingError: It holds more than tensors and ``safe_globals``.
    """
    path = Path(filename).expanduser()
    with torch.serialization.safe_globals(safe_globals()):
        return torch.load(path, map_location=map_location, weights_only=True)


def _guarded(loader: Callable, *, local: bool, trusted: bool) -> Callable:
    """Add checks to one of mmengine's loaders.

    Args:
        loader: As registered in ``CheckpointLoader``.
        local: It reads local files. Damaged ones are described, and paths in a
            checkpoint that was moved with its folder are corrected.
        trusted: Code in the checkpoint may run.
    """

    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        path = Path(filename).expanduser()
        if local:
            check_file(path)
        try:
            checkpoint = loader(filename, *args, **kwargs)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            text = str(error) or type(error).__name__
            if local and re.search(DAMAGED, text):
                raise DamagedCheckpointError(
                    f'checkpoint {path} ({path.stat().st_size} bytes) is damaged: '
                    f'{text.splitlines()[0]}'
                ) from error
            if trusted or not isinstance(error, UnpicklingError):
                raise
            raise ValueError(
                f'{filename} holds more than weights, and loading it can run any code '
                f'({_needed(error)}). Pass --trust-checkpoint if you trust its author.'
            ) from error
        if local and isinstance(checkpoint, dict):
            _correct_paths(checkpoint, path.parent)
        meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
        if not trusted and isinstance(meta, dict):
            meta.pop('config', None)
        return checkpoint

    return load


def _correct_paths(checkpoint: dict, folder: Path) -> None:
    """Let paths to other checkpoints point into the folder, if the files are there.

    A resumed training deletes its former ``best_*`` file. In a copied work dir that
    must be the copy, not the file in the original folder.
    """
    noted = (checkpoint.get('message_hub') or {}).get('runtime_info') or {}
    for key, value in noted.items():
        if key.startswith(('last_ckpt', 'best_ckpt')) and isinstance(value, str):
            own = folder / Path(value).name
            noted[key] = str(own) if own.is_file() else value


@contextmanager
def checkpoint_trust(trusted: bool = False) -> Iterator[None]:
    """Refuse, within the block, checkpoints that hold more than weights.

    Args:
        trusted: The user trusts the files (``--trust-checkpoint``): mmengine loads them
            in its usual way.
    """
    schemes = CheckpointLoader._schemes
    loaders = {**schemes, '': schemes[''] if trusted else load_from_disk}
    CheckpointLoader._schemes = type(schemes)(
        (prefix, _guarded(loader, local=prefix == '', trusted=trusted))
        for prefix, loader in loaders.items()
    )
    try:
        if trusted:
            yield
        else:
            with weights_only(), torch.serialization.safe_globals(safe_globals()):
                yield
    finally:
        CheckpointLoader._schemes = schemes


@contextmanager
def weights_only() -> Iterator[None]:
    """Set torch's switch that overrules an explicit ``weights_only=False``."""
    before = {name: os.environ.pop(name, None) for name in TORCH_SWITCHES}
    os.environ[TORCH_SWITCHES[0]] = '1'
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
