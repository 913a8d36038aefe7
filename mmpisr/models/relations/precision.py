"""Where a relation leaves mixed precision."""

from contextlib import AbstractContextManager, nullcontext

import torch


def float32_products(device: torch.device) -> AbstractContextManager:
    """Context in which sums over space and matrix products stay in float32.

    A float16 sum over a map of 256 x 512 pixels overflows. Devices that have no mixed
    precision to leave (meta) are left alone.
    """
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device_type=device.type, enabled=False)
