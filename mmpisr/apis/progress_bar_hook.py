"""A progress bar for a test that runs without mmengine's log."""

import sys
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils import ProgressBar


class ProgressBarHook(Hook):
    """Shows how many batches of a test are done, and the time that is left."""

    def before_test_epoch(self, runner: Runner) -> None:
        """Draw the empty bar."""
        self.bar = ProgressBar(len(runner.test_dataloader), file=sys.stdout)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar on."""
        self.bar.update()

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """End the line."""
        print()
