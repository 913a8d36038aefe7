"""The random states of Python, NumPy and PyTorch."""

import random
from typing import Any

import numpy as np
import torch


def random_state(*, cuda: bool = False) -> dict[str, Any]:
    """Copy the states of the CPU, and with ``cuda`` those of all GPUs."""
    state: Any = np.random.get_state(legacy=True)
    kind, keys, *position = state
    return dict(
        python=random.getstate(),
        numpy=(kind, torch.from_numpy(keys.astype(np.int64)), *position),
        torch=torch.get_rng_state(),
        cuda=torch.cuda.get_rng_state_all() if cuda else [],
    )


def set_random_state(state: dict[str, Any]) -> None:
    """Set the states that :func:`random_state` has copied, here or elsewhere."""
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *position = state['numpy']
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *position))
    torch.set_rng_state(state['torch'].cpu())
    if state['cuda'] and len(state['cuda']) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state['cuda']])
