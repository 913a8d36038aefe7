"""Decode the next truth png while the caller still works on this one.

Decoding takes over half of a metric's time and needs no GIL. The next file is only
guessed where the last three came at equal distances, as an unshuffled sampler (of one
rank or several) asks for them; otherwise nothing is read ahead.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from .segment_png import read_segment_ids


class PngPrefetcher:
    """Reads segment pngs out of an ordered list, one of them ahead.

    Args:
        paths: All files, in the order of the annotations.
        backend_args: Storage backend of mmengine's file functions.
    """

    def __init__(
        self, paths: Sequence[str], *, backend_args: dict | None = None
    ) -> None:
        self.paths = paths
        self.backend_args = backend_args
        self._recent: deque[int] = deque(maxlen=3)
        self._ahead: tuple[int, Future] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def read(self, position: int) -> np.ndarray:
        """Return the ids of a file, int32, ``(H, W)``; raises as the reader does."""
        ahead, self._ahead = self._ahead, None
        self._recent.append(position)
        if ahead is not None and ahead[0] == position:
            ids = ahead[1].result()
        else:
            ids = read_segment_ids(self.paths[position], self.backend_args)
        upcoming = self.guess()
        if upcoming is not None:
            self._ahead = upcoming, self._submit(self.paths[upcoming])
        return ids

    def guess(self) -> int | None:
        """Position that comes next if the last three are any guide."""
        if len(self._recent) < 3:
            return None
        first, second, third = self._recent
        step = third - second
        inside = 0 <= third + step < len(self.paths)
        return third + step if step and step == second - first and inside else None

    def _submit(self, path: str) -> Future:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix='truth-png')
        return self._pool.submit(read_segment_ids, path, self.backend_args)
