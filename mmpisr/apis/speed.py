"""Prediction and training of several models, timed in turns in one process.

A machine that is now faster, now slower is so for all of them, and the ratio of two
times of one turn hardly notices.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmpisr.models.panoptic_deeplab import PanopticDeepLabHead

from .macs import build_for_all_work, build_for_counting, count_macs
from .speed_inputs import class_counts, make_batch
from .speed_memory import peak_memory_mib

WORK = ('predict', 'train')


class Setup(NamedTuple):
    """What all models are timed with.

    Attributes:
        shape: (height, width) of the images.
        batch: Images of a prediction and of a training step.
        device: ``'cpu'`` or a CUDA device.
        amp: Whether under autocast, see ``dtype``.
    """

    shape: tuple[int, int]
    batch: int = 1
    device: str = 'cpu'
    amp: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in: float32, or with ``amp`` what mmengine takes there."""
        if not self.amp:
            return torch.float32
        return torch.float16 if self.on_gpu else torch.bfloat16

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return torch.device(self.device).type == 'cuda'


class Cost(NamedTuple):
    """What a model costs beside time.

    Attributes:
        gmacs: For one image, as ``get_macs.py`` counts.
        parameters: Learned numbers.
        memory_mib: By work, above weights and optimiser state; of a batch.
    """

    gmacs: float
    parameters: int
    memory_mib: Mapping[str, float]


class TimedModel:
    """A config's model with random weights, and made-up images for it.

    What it does depends on no weights: a two-stage model makes as much of proposals
    and detections as its ``test_cfg`` allows, and a Panoptic-DeepLab finds no centre,
    so that grouping has nothing to do. Training steps are whole, with the config's
    optimiser, but at a learning rate of zero, so that all steps do the same.

    Args:
        cfg: A whole config; not changed.
        setup: What to time it with.

    Raises:
        ValueError: The config has no classes, or the images are too small.
    """

    def __init__(self, cfg: Config, setup: Setup) -> None:
        self.cfg, self.setup = cfg, setup
        self.device = torch.device(setup.device)
        torch.manual_seed(0)
        self.model = build_for_all_work(cfg)
        for head in self.model.modules():
            if isinstance(head, PanopticDeepLabHead):
                _find_no_center(head)
        self.model.to(self.device)
        self._optimiser = build_optim_wrapper(self.model, _at_rest(cfg, setup))
        things, stuff = class_counts(cfg.model)
        self._data = make_batch(
            setup.shape, batch=setup.batch, things=things, stuff=stuff
        )

    def predict(self) -> None:
        """Predict a batch, from images to panoptic maps."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            self.model.test_step(deepcopy(self._data))

    def train(self) -> None:
        """One step: losses, gradients, optimiser."""
        self.model.train()
        data = self.model.data_preprocessor(deepcopy(self._data), training=True)
        with self._autocast():
            losses = self.model(**data, mode='loss')
            loss, _ = self.model.parse_losses(losses)
        self._optimiser.update_params(loss)

    def seconds(self, work: str) -> float:
        """Time ``'predict'`` or ``'train'`` once, to the end of what the GPU does."""
        self._wait()
        start = time.perf_counter()
        self._work(work)()
        self._wait()
        return time.perf_counter() - start

    def cost(self, work: Sequence[str] = WORK) -> Cost:
        """Count, and measure memory; call it before timing, as a warm-up."""
        total = count_macs(build_for_counting(self.cfg), self.setup.shape)['total']
        memory = {}
        for name in work:
            self._work(name)()  # optimisers make their state in the first step
            memory[name] = peak_memory_mib(self._work(name), self.device)
        parameters = sum(weight.numel() for weight in self.model.parameters())
        return Cost(total / 1e9, parameters, memory)

    def _work(self, name: str) -> Callable[[], None]:
        return dict(predict=self.predict, train=self.train)[name]

    def _autocast(self) -> AbstractContextManager:
        return torch.autocast(
            self.device.type, dtype=self.setup.dtype, enabled=self.setup.amp
        )

    def _wait(self) -> None:
        if self.setup.on_gpu:
            torch.cuda.synchronize(self.device)


def _find_no_center(head: PanopticDeepLabHead) -> None:
    """Keep all of a head's centre map below any threshold."""
    for parameter, value in zip(
        head.center_predictor.parameters(), (0, -1), strict=True
    ):
        nn.init.constant_(parameter, value)  # weight, bias


def _at_rest(cfg: Config, setup: Setup) -> ConfigDict:
    """The config's optimiser at a learning rate of zero; scaled losses for float16."""
    optimiser = deepcopy(cfg.optim_wrapper)
    optimiser.optimizer.lr = 0.0
    optimiser.type = 'OptimWrapper'
    for field in ('loss_scale', 'dtype'):
        optimiser.pop(field, None)
    if setup.dtype == torch.float16:
        optimiser.update(type='AmpOptimWrapper', loss_scale='dynamic')
    return optimiser


def time_in_turns(
    models: Mapping[str, TimedModel], *, turns: int, work: Sequence[str] = WORK
) -> dict[str, dict[str, np.ndarray]]:
    """Let the models take turns, in the other order every other time.

    Args:
        models: By name.
        turns: How often each works.
        work: ``'predict'``, ``'train'`` or both.

    Returns:
        Seconds by work and name, ``(turns,)`` each.

    Raises:
        ValueError: There are no models or no turns.
    """
    if not models or turns < 1:
        raise ValueError(f'{len(models)} models and {turns} turns, at least 1 of each')
    spent: dict[str, dict[str, list]] = {w: {name: [] for name in models} for w in work}
    for turn in range(turns):
        for name in [*models][:: 1 if turn % 2 == 0 else -1]:
            for kind in work:
                spent[kind][name].append(models[name].seconds(kind))
    return {
        kind: {name: np.array(times) for name, times in by_name.items()}
        for kind, by_name in spent.items()
    }


def ratios(spent: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Lower quartile, median and upper quartile of each model's time over the first's.

    Args:
        spent: Seconds by name, of the same turns, ``(turns,)`` each.

    Returns:
        ``(3,)`` by name.
    """
    first = next(iter(spent.values()))
    return {
        name: np.quantile(times / first, [0.25, 0.5, 0.75])
        for name, times in spent.items()
    }
