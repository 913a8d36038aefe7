"""One line: how many trainings are done, iterations, and the time that is left."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .training_log import iterations_done


class TrainingProgress:
    """Shows the line; a terminal overwrites it until all have ended, a file gets few.

    Args:
        lengths: Iterations of each training, by its work dir.
        finished: How many others were done before.
    """

    def __init__(self, lengths: Mapping[Path, int], *, finished: int = 0) -> None:
        self._lengths, self._finished = lengths, finished
        self._at_start = self._done()
        self._start = time.monotonic()
        self._last = -1

    def __call__(self, ended: int) -> None:
        """Show it; ``ended`` of the trainings have ended, well or not."""
        if sys.stdout.isatty():
            end = '\n' if ended == len(self._lengths) else ''
            print(f'\r{self.line(ended)}   ', end=end, flush=True)
        elif ended != self._last:
            print(self.line(ended), flush=True)
        self._last = ended

    def line(self, ended: int) -> str:
        """The line as it is now."""
        if not self._lengths:
            return f'all {self._finished} runs are recorded'
        seconds = time.monotonic() - self._start
        done, total = self._done(), sum(self._lengths.values())
        fresh = done - self._at_start
        rest = clock(seconds * (total - done) / fresh) if fresh else '?'
        runs = f'{self._finished + ended}/{self._finished + len(self._lengths)} runs'
        return f'{runs} | iteration {done}/{total} | {clock(seconds)}, {rest} left'

    def _done(self) -> int:
        return sum(map(iterations_done, self._lengths))


def clock(seconds: float) -> str:
    """Hours and minutes, or seconds where it is less than two minutes."""
    if seconds < 120:
        return f'{seconds:.0f} s'
    hours, minutes = divmod(round(seconds / 60), 60)
    return f'{hours} h {minutes:02} min' if hours else f'{minutes} min'
