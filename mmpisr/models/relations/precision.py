"""Which dtype a relation computes in, with and without autocast."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def compute_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype of autocast where it is active on the tensor's device, or else its own.

    Large maps are converted to it once, so that nothing is saved for backward twice.
    """
    device = tensor.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return tensor.dtype


def wide(tensor: Tensor) -> Tensor:
    """The tensor in float32, or float64 where it is that."""
    return tensor.to(wide_dtype(tensor))


def wide_dtype(tensor: Tensor) -> torch.dtype:
    """float64 for a float64 tensor, otherwise float32."""
    return torch.promote_types(tensor.dtype, torch.float32)


def without_autocast(tensor: Tensor) -> AbstractContextManager:
    """Context in which operations on the tensor's device keep their inputs' dtype.

    Devices without mixed precision (meta) need no context.
    """
    device = tensor.device.type
    if not torch.amp.is_autocast_available(device):
        return nullcontext()
    return torch.autocast(device_type=device, enabled=False)
