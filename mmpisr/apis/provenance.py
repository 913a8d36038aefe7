"""Which code and which machine a number is from."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from mmpisr.mim import mim_root


def code_version(folder: Path | None = None) -> dict[str, Any]:
    """Commit, and whether tracked files differ from it; None both outside git.

    Files under ``docs`` and ``projects`` do not count: they are no part of a model.

    Args:
        folder: Anywhere in the checkout; this package's by default.
    """
    folder = folder or mim_root()
    commit = _git(folder, 'rev-parse', 'HEAD')
    if commit is None:
        return dict(commit=None, dirty=None)
    code = ':(top)', ':(top,exclude)docs', ':(top,exclude)projects'
    changes = _git(folder, 'status', '--porcelain', '--untracked-files=no', '--', *code)
    return dict(commit=commit, dirty=bool(changes))


def machine() -> dict[str, Any]:
    """Size of the machine, its processor and the version of torch.

    Another kind of processor can round otherwise, so that a training repeated there is
    not the same bit for bit.
    """
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return dict(
        machine=platform.machine(),
        cpu=_cpu(),
        cores=os.cpu_count(),
        memory_gib=round(memory / 2**30),
        gpu=gpu,
        torch=torch.__version__,
    )


def shown_path(path: Path) -> str:
    """A path from the root of the checkout (or wheel), or as it is elsewhere."""
    path = path.resolve()
    root = mim_root().resolve()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _cpu() -> str | None:
    """Name and model number of the processor, None where Linux does not say."""
    path = Path('/proc/cpuinfo')
    if not path.is_file():
        return None
    pairs = (line.partition(':') for line in path.read_text().splitlines())
    found = {key.strip(): value.strip() for key, _, value in pairs}
    name = found.get('model name')
    keys = 'cpu family', 'model'
    numbers = [f'{key} {found[key]}' for key in keys if key in found]
    return ', '.join([name, *numbers]) if name else None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ['git', '-C', str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # no git
        return None
    return done.stdout.strip() if done.returncode == 0 else None
