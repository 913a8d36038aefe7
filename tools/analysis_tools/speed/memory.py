"""Peak memory of tensors, on CPU and CUDA."""

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

MIB = 2**20


def peak_memory_mib(work: Callable[[], object], device: torch.device) -> float:
    """Measure how far the memory of tensors rises while a function runs.

    Tensors that exist before, such as weights and the optimiser's state, do not count.
    On CUDA the allocator reports the peak; on the CPU torch's profiler records every
    allocation, which is slow, so do not time the same call.

    Args:
        work: Is called once.
        device: Where its tensors are.

    Returns:
        MiB.
    """
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / MIB
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    return highest_sum(_allocations(profiler)) / MIB


def highest_sum(changes: Iterable[int]) -> int:
    """Highest value of the running sum, at least 0."""
    return max(accumulate(changes, initial=0))


def _allocations(profiler: profile) -> list[int]:
    """Bytes allocated (positive) and freed (negative), in order of time."""
    assert profiler.profiler is not None
    results: Any = profiler.profiler.kineto_results
    events = [event for event in results.events() if event.name() == '[memory]']
    return [event.nbytes() for event in sorted(events, key=lambda e: e.start_ns())]
