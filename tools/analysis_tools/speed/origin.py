"""The commit and the machine that a measurement comes from."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from mmpisr.mim import mim_root


def code_version(folder: Path | None = None) -> dict[str, Any]:
    """Return the commit, and whether tracked files differ from it (``dirty``).

    Changes under ``docs`` and ``projects`` do not count: no model depends on them.

    Args:
        folder: Anywhere in the checkout; this checkout by default.

    Returns:
        ``commit`` and ``dirty``; both None outside git.
    """
    folder = folder or mim_root()
    commit = _git(folder, 'rev-parse', 'HEAD')
    if commit is None:
        return dict(commit=None, dirty=None)
    code = ':(top)', ':(top,exclude)docs', ':(top,exclude)projects'
    changes = _git(folder, 'status', '--porcelain', '--untracked-files=no', '--', *code)
    return dict(commit=commit, dirty=bool(changes))


def machine() -> dict[str, Any]:
    """Return processor, cores, memory, GPU and the version of torch.

    Another processor may round differently, so that a training repeated there is not
    the same bit for bit.
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


def _cpu() -> str | None:
    """Name and model number of the processor; None if Linux does not list them."""
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
    """Output of a git command; None if it fails or git is not installed."""
    try:
        done = subprocess.run(
            ['git', '-C', str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
