"""Do a job for many items, in one process or several, showing progress."""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from typing import Any

from mmengine.utils import ProgressBar


def run_in_order(
    title: str, job: Callable[[Any], Any], items: Sequence, *, workers: int = 1
) -> Iterator[Any]:
    """Give the results in the order of the items, however many processes do them.

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
    print(f'{title}: {len(items)}')
    bar = ProgressBar(len(items), file=sys.stdout)
    with closing(_results(job, items, workers)) as results:
        for result in results:
            yield result
            bar.update()
    print()


def _results(
    job: Callable, items: Sequence, workers: int
) -> Generator[Any, None, None]:
    if workers == 1 or len(items) == 1:
        yield from map(job, items)
        return
    with ProcessPoolExecutor(min(workers, len(items))) as pool:
        try:
            yield from pool.map(job, items, chunksize=4)
        finally:  # after an error: do not start what is still waiting
            pool.shutdown(cancel_futures=True)
