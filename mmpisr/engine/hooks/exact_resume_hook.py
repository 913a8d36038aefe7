"""Resume a training as if it had not been interrupted."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpisr.random_state import random_state, set_random_state
from mmpisr.registry import HOOKS

KEY = 'random_state'


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Keep the random state of the main process in checkpoints, and resume with it.

    Weights, optimiser and schedulers are restored by mmengine, the order of the data by
    the sampler, and augmentation by the seed of each draw (``SeededInfiniteSampler``).
    Together a resumed training equals an uninterrupted one, bit by bit on CPUs.
    Validation leaves the random state as it was: one that is not repeated after
    resuming makes no difference.

    With several processes, the others keep the state that they start with: dropout
    differs there after resuming.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None
        self._before_val: dict[str, Any] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the random state."""
        checkpoint[KEY] = random_state(cuda=torch.cuda.is_available())

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the random state; a checkpoint of mmengine alone has none."""
        self._resumed = checkpoint.get(KEY)

    def before_train(self, runner: Runner) -> None:
        """Forget the state of a checkpoint that training does not resume from."""
        if not runner._resume:
            self._resumed = None

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Restore the random state before the first resumed iteration."""
        if self._resumed is not None:
            set_random_state(self._resumed)
            self._resumed = None

    def before_val(self, runner: Runner) -> None:
        """Remember the random state."""
        self._before_val = random_state(cuda=torch.cuda.is_available())

    def after_val(self, runner: Runner) -> None:
        """Restore the random state."""
        if self._before_val is not None:
            set_random_state(self._before_val)
