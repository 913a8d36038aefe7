"""One line: how many runs are done, iterations, and the time that is left."""

import sys
import time
from collections.abc import Sequence

from mmpisr.apis.concurrent_training import iterations_done

from .study_run import StudyRun


class Progress:
    """Shows the line; on a terminal it is overwritten, in a file it is rare.

    Args:
        runs: The runs that are not recorded yet.
        recorded: How many are.
    """

    def __init__(self, runs: Sequence[StudyRun], recorded: int) -> None:
        self.runs, self.recorded = runs, recorded
        variants = {run.place.training: run for run in runs}
        lengths = {
            training: run.training_config().train_cfg.max_iters
            for training, run in variants.items()
        }
        self._totals = {run.folder: lengths[run.place.training] for run in runs}
        self._at_start = self._done()
        self._start = time.monotonic()
        self._last = -1

    def __call__(self, ended: int) -> None:
        """Show it; ``ended`` of the runs have ended, well or not."""
        if sys.stdout.isatty():
            print(f'\r{self.line(ended)}   ', end='', flush=True)
        elif ended != self._last:
            print(self.line(ended), flush=True)
        self._last = ended

    def line(self, ended: int) -> str:
        """The line as it is now."""
        if not self.runs:
            return f'all {self.recorded} runs are recorded'
        seconds = time.monotonic() - self._start
        done, total = self._done(), sum(self._totals.values())
        fresh = done - self._at_start
        rest = clock(seconds * (total - done) / fresh) if fresh else '?'
        runs = f'{self.recorded + ended}/{self.recorded + len(self.runs)} runs'
        return f'{runs} | iteration {done}/{total} | {clock(seconds)}, {rest} left'

    def _done(self) -> int:
        return sum(map(iterations_done, self._totals))


def clock(seconds: float) -> str:
    """Hours and minutes, or seconds where it is less than two minutes."""
    if seconds < 120:
        return f'{seconds:.0f} s'
    hours, minutes = divmod(round(seconds / 60), 60)
    return f'{hours} h {minutes:02} min' if hours else f'{minutes} min'
