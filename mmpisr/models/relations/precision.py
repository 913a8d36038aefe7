"""Where a relation leaves mixed precision."""

import torch


def float32_products(device: torch.device) -> torch.autocast:
    """Context in which sums over space and matrix products stay in float32.

    A float16 sum over a map of 256 x 512 pixels overflows.
    """
    return torch.autocast(device_type=device.type, enabled=False)
