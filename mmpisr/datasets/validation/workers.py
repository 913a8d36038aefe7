"""Do many small jobs in processes, in order, with a few of them under way."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from mmengine.utils import ProgressBar

Job = TypeVar('Job')
Result = TypeVar('Result')
CHUNK, AHEAD = 8, 4  # jobs sent at once; chunks waiting per process


def ordered_results(
    work: Callable[[Job], Result], jobs: Iterable[Job], *, workers: int = 1
) -> Iterator[Result]:
    """Yield ``work(job)`` of each job; memory does not grow with their number.

    Args:
        work: A function of a module.
        jobs: Taken from as needed.
        workers: Processes; 1 works in this one.

    Raises:
        ValueError: ``workers`` is below 1.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if workers == 1:
        yield from map(work, jobs)
        return
    remaining = iter(jobs)
    waiting: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(workers) as pool:
        while chunk := list(islice(remaining, CHUNK)):
            waiting.append(pool.submit(_work_all, work, chunk))
            if len(waiting) >= AHEAD * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def with_progress(results: Iterable[Result], num: int) -> Iterator[Result]:
    """Pass results on and move a bar on the standard error stream."""
    bar = ProgressBar(num, file=sys.stderr) if num else None
    for result in results:
        yield result
        if bar is not None:
            bar.update()
    if bar is not None:
        print(file=sys.stderr)


def _work_all(work: Callable[[Job], Result], jobs: list[Job]) -> list[Result]:
    return [work(job) for job in jobs]
