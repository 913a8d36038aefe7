"""Stop when a loss is NaN or infinite."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmpisr.engine.layer_fit import bare_model
from mmpisr.registry import HOOKS


class LossNotFiniteError(FloatingPointError):
    """A loss is NaN or infinite."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop before the update of the weights if a loss is NaN or infinite.

    The state from before the iteration is saved as ``before_nan_iter_<n>.pth``, from
    which an iteration-based training can be resumed. ``last_checkpoint`` still names
    the last regular checkpoint. With several processes, all of them stop.

    Raises:
        LossNotFiniteError: In training; names the iteration, the losses, the images,
            and the saved file.
    """

    def before_train(self, runner: Runner) -> None:
        """Check the losses where the model adds them up."""
        model: Any = bare_model(runner.model)
        parse = model.parse_losses

        def parse_and_check(losses: Mapping[str, Any]) -> tuple[Tensor, dict]:
            total, parsed = parse(losses)
            stop = 1 - torch.stack([*parsed.values()]).isfinite().all().float()
            all_reduce(stop, 'max')
            if stop:
                self._stop(runner, {name: float(v) for name, v in parsed.items()})
            return total, parsed

        model.parse_losses = parse_and_check

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Remember the batch, and the running statistics, which a forward changes."""
        self._batch = data_batch
        buffers = bare_model(runner.model).named_buffers()
        self._buffers = {name: value.clone() for name, value in buffers}

    def _stop(self, runner: Runner, losses: Mapping[str, float]) -> None:
        batch = self._batch if isinstance(self._batch, Mapping) else {}
        samples = batch.get('data_samples')  # a dict in semi-supervised trainings
        listed = samples if isinstance(samples, list | tuple) else []
        images = [getattr(sample, 'img_path', None) for sample in listed]
        for name, value in bare_model(runner.model).named_buffers():
            value.copy_(self._buffers[name])
        name = f'before_nan_iter_{runner.iter}.pth'
        runner.save_checkpoint(runner.work_dir, name, save_param_scheduler=True)
        raise LossNotFiniteError(
            f'iteration {runner.iter + 1}: losses are {losses} for the images '
            f'{images} (of rank {runner.rank}). The state from before is in '
            f'{runner.work_dir}/{name}. '
            'Look at these images and their labels; a lower learning rate or '
            'optim_wrapper.clip_grad often helps'
        )
