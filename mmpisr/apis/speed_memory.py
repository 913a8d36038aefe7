"""Most memory that tensors held at once while something was done, on any device."""

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

MIB = 2**20


def peak_memory_mib(work: Callable[[], object], device: torch.device) -> float:
    """Do some work and see how far the tensors' memory rises above what it was.

    Weights and the state of an optimiser that exist already do not count. On CUDA the
    allocator is asked; on the CPU a profiler notes every allocation of a tensor, which
    takes time: the work is not timed.

    Args:
        work: Is called once.
        device: Where it is done.

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
    """Most that a running sum comes to, at least 0."""
    return max(accumulate(changes, initial=0))


def _allocations(profiler: profile) -> list[int]:
    """Bytes taken (and, negative, given back) in order of time."""
    assert profiler.profiler is not None
    results: Any = profiler.profiler.kineto_results
    events = [event for event in results.events() if event.name() == '[memory]']
    return [event.nbytes() for event in sorted(events, key=lambda e: e.start_ns())]
