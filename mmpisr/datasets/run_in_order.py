"""Process many items in one process or several, with a progress bar."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from typing import TypeVar

from mmengine.utils import ProgressBar

Item = TypeVar('Item')
Result = TypeVar('Result')
CHUNK = 8  # items sent to a process at once


def run_in_order(
    title: str,
    job: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int = 1,
) -> Iterator[Result]:
    """Yield the results in the order of the items.

    After an error, items that are still waiting are not started.

    Args:
        title: Printed above the progress bar.
        job: Called with each item; a top-level function when ``workers > 1``.
        items: Any number; none prints nothing.
        workers: Processes; 1 works in this one.

    Raises:
        ValueError: ``workers`` is not positive.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if not items:
        return
    print(f'{title}: {len(items)}', file=sys.stderr)
    bar = ProgressBar(len(items), file=sys.stderr)
    with ExitStack() as stack:
        results: Iterator[Result] = map(job, items)
        if workers > 1 and len(items) > 1:
            pool = stack.enter_context(ProcessPoolExecutor(min(workers, len(items))))
            chunks = pool.map(job, items, chunksize=CHUNK)
            results = stack.enter_context(closing(chunks))  # type: ignore[type-var]
        for result in results:
            yield result
            bar.update()
    print(file=sys.stderr)
