"""Do a job for many items, in one process or several, showing progress."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from typing import TypeVar

from mmengine.utils import ProgressBar

Item = TypeVar('Item')
Result = TypeVar('Result')
CHUNK, AHEAD = 8, 4  # items sent at once; chunks under way per process


def run_in_order(
    title: str,
    job: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int = 1,
) -> Iterator[Result]:
    """Give the results in the order of the items; memory does not grow with them.

    Args:
        title: Printed above the progress bar.
        job: Done for each item; a top-level function when ``workers > 1``.
        items: Any number; none prints nothing.
        workers: Processes; 1 works in this one.

    Yields:
        One result per item.

    Raises:
        ValueError: ``workers`` is not positive.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if not items:
        return
    print(f'{title}: {len(items)}', file=sys.stderr)
    bar = ProgressBar(len(items), file=sys.stderr)
    with closing(_results(job, items, workers)) as results:
        for result in results:
            yield result
            bar.update()
    print(file=sys.stderr)


def _results(
    job: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[Result, None, None]:
    workers = min(workers, len(items))
    if workers == 1:
        yield from map(job, items)
        return
    remaining = iter(items)
    waiting: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(workers) as pool:
        try:
            while chunk := list(islice(remaining, CHUNK)):
                waiting.append(pool.submit(_do_all, job, chunk))
                if len(waiting) >= AHEAD * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:  # after an error: do not start what is still waiting
            pool.shutdown(cancel_futures=True)


def _do_all(job: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    return [job(item) for item in items]
