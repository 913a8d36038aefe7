"""Time network, prediction and training of several models in turns, in one process.

When the machine slows down, all models slow down, so that the ratio of two times of one
turn is stable.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper

from mmpisr.models.panoptic_deeplab import PanopticDeepLab

from .inputs import (
    class_counts,
    find_instances,
    images_only,
    make_batch,
)
from .macs import build_for_all_work, build_for_counting, count_macs
from .memory import peak_memory_mib

WORK = ('network', 'postprocess', 'predict', 'train')


class Setup(NamedTuple):
    """Settings that all models are timed with.

    Attributes:
        shape: (height, width) of the images.
        batch: Images of a prediction and of a training step.
        device: ``'cpu'`` or a CUDA device.
        amp: Whether to use autocast, see ``dtype``.
        instances: Number that a Panoptic-DeepLab finds in each image.
    """

    shape: tuple[int, int]
    batch: int = 1
    device: str = 'cpu'
    amp: bool = False
    instances: int = 20

    @property
    def dtype(self) -> torch.dtype:
        """float32, or with ``amp`` mmengine's autocast type of the device."""
        if not self.amp:
            return torch.float32
        return torch.float16 if self.on_gpu else torch.bfloat16

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return torch.device(self.device).type == 'cuda'


class Cost(NamedTuple):
    """Costs of a model other than time.

    Attributes:
        gmacs: For one image, as ``get_macs.py`` counts.
        parameters: Number of learned values.
        memory_mib: Peak for a batch by kind of work, without weights and optimiser
            state; NaN for work that the model does not do.
    """

    gmacs: float
    parameters: int
    memory_mib: Mapping[str, float]


class TimedModel:
    """A config's model with random weights, and random images for it.

    A two-stage model keeps as many proposals and detections as its ``test_cfg`` allows.
    A Panoptic-DeepLab finds ``setup.instances`` centres, and a thing in every pixel.
    Query models predict what their random weights give. Training steps use the config's
    optimiser with a learning rate of zero, so that every step costs the same.

    Args:
        cfg: A whole config; not changed.
        setup: Images, batch and device.

    Raises:
        ValueError: The config does not give its classes, or the images are too small
            for their things or centres.
    """

    def __init__(self, cfg: Config, setup: Setup) -> None:
        self.cfg, self.setup = cfg, setup
        self.device = torch.device(setup.device)
        torch.manual_seed(0)
        self.model = build_for_all_work(cfg).to(self.device)
        self._optimiser = build_optim_wrapper(self.model, _at_rest(cfg, setup))
        things, stuff = class_counts(cfg.model)
        self._data = make_batch(
            setup.shape, batch=setup.batch, things=things, stuff=stuff
        )
        self._images = images_only(self._data)
        self._normalised = self.model.data_preprocessor(self._images, training=False)
        padded = self._normalised['inputs'].shape[2:]
        find_instances(self.model, setup.instances, shape=setup.shape, padded=padded)
        self._maps = self.network() if self.does('postprocess') else None

    def does(self, work: str) -> bool:
        """Whether the model does a kind of work; all but ``postprocess`` always."""
        return work != 'postprocess' or isinstance(self.model, PanopticDeepLab)

    def network(self) -> Any:
        """Compute raw outputs from normalised images on the device (``mode='tensor'``).

        In a two-stage model that includes the choice of proposals; mmdet then runs the
        mask head on the first 100 of them, which may be more than are detected.

        Raises:
            ValueError: The model has no working ``mode='tensor'``.
        """
        self.model.eval()
        try:
            with torch.no_grad(), self._autocast():
                return self.model(**self._normalised, mode='tensor')
        except (AttributeError, NotImplementedError, TypeError) as error:
            raise ValueError(
                f"{type(self.model).__name__} has no mode='tensor' that works "
                f"({error}): do not time its 'network'"
            ) from error

    def postprocess(self) -> None:
        """Turn a Panoptic-DeepLab's maps at the features' stride into panoptic maps.

        No other model has a step that starts from what ``network`` returns: mmdet's
        query fusion reads upsampled masks, and two-stage models run their mask head on
        the boxes that suppression leaves.
        """
        samples = self._normalised['data_samples']
        with torch.no_grad(), self._autocast():
            self.model.panoptic_head.predict_by_maps(self._maps, samples)

    def predict(self) -> None:
        """Predict panoptic maps of a batch whose images are in the CPU's memory."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            self.model.test_step(self._images)

    def train(self) -> None:
        """Run one training step: losses, gradients, optimiser."""
        self.model.train()
        data = self.model.data_preprocessor(deepcopy(self._data), training=True)
        with self._autocast():
            losses = self.model(**data, mode='loss')
            loss, _ = self.model.parse_losses(losses)
        self._optimiser.update_params(loss)

    def seconds(self, work: str) -> float:
        """Time one kind of ``WORK`` once; NaN if the model does not do it."""
        if not self.does(work):
            return np.nan
        return seconds_of(self._work(work), self.device)

    def cost(self, work: Sequence[str] = WORK) -> Cost:
        """Count MACs and measure memory; also serves as the warm-up before timing."""
        total = count_macs(build_for_counting(self.cfg), self.setup.shape)['total']
        memory = dict.fromkeys(work, np.nan)
        for name in filter(self.does, work):
            self._work(name)()  # optimisers create their state in the first step
            memory[name] = peak_memory_mib(self._work(name), self.device)
        parameters = sum(weight.numel() for weight in self.model.parameters())
        return Cost(total / 1e9, parameters, memory)

    def _work(self, name: str) -> Callable[[], Any]:
        work: tuple[Callable[[], Any], ...]
        work = self.network, self.postprocess, self.predict, self.train
        return dict(zip(WORK, work, strict=True))[name]

    def _autocast(self) -> AbstractContextManager:
        return torch.autocast(
            self.device.type, dtype=self.setup.dtype, enabled=self.setup.amp
        )


def _at_rest(cfg: Config, setup: Setup) -> ConfigDict:
    """The config's optimiser with a learning rate of zero; a loss scale for float16."""
    optimiser = deepcopy(cfg.optim_wrapper)
    optimiser.optimizer.lr = 0.0
    optimiser.type = 'OptimWrapper'
    for field in ('loss_scale', 'dtype'):
        optimiser.pop(field, None)
    if setup.dtype == torch.float16:
        optimiser.update(type='AmpOptimWrapper', loss_scale='dynamic')
    return optimiser


class Timed(Protocol):
    """What ``time_in_turns`` times, such as a ``TimedModel``."""

    def seconds(self, work: str) -> float:
        """Do one kind of work once and return the seconds it took."""


def seconds_of(work: Callable[[], Any], device: torch.device) -> float:
    """Time one call, and wait until the device has finished."""
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def time_in_turns(
    models: Mapping[str, Timed], *, turns: int, work: Sequence[str] = WORK
) -> dict[str, dict[str, np.ndarray]]:
    """Time models in turns; every other turn runs in reverse order.

    Args:
        models: By name.
        turns: How often each model is timed.
        work: Kinds of work to time; for a ``TimedModel``, any of ``WORK``.

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
    """Quartiles and median of each model's time divided by the first model's.

    Args:
        spent: Seconds by name, of the same turns, ``(turns,)`` each.

    Returns:
        Lower quartile, median and upper quartile, ``(3,)``, by name.
    """
    first = next(iter(spent.values()))
    return {
        name: np.quantile(times / first, [0.25, 0.5, 0.75])
        for name, times in spent.items()
    }
