"""Network, prediction and training of several models, timed in turns in one process.

A machine that is now faster, now slower is so for all of them, and the ratio of two
times of one turn hardly notices.
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

from .macs import build_for_all_work, build_for_counting, count_macs
from .speed_inputs import (
    class_counts,
    find_instances,
    images_only,
    make_batch,
)
from .speed_memory import peak_memory_mib

WORK = ('network', 'postprocess', 'predict', 'train')


class Setup(NamedTuple):
    """What all models are timed with.

    Attributes:
        shape: (height, width) of the images.
        batch: Images of a prediction and of a training step.
        device: ``'cpu'`` or a CUDA device.
        amp: Whether under autocast, see ``dtype``.
        instances: That a Panoptic-DeepLab finds in an image.
    """

    shape: tuple[int, int]
    batch: int = 1
    device: str = 'cpu'
    amp: bool = False
    instances: int = 20

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
        memory_mib: By work, above weights and optimiser state; of a batch; NaN for
            work that the model does not have.
    """

    gmacs: float
    parameters: int
    memory_mib: Mapping[str, float]


class TimedModel:
    """A config's model with random weights, and made-up images for it.

    A two-stage model makes as much of proposals and detections as its ``test_cfg``
    allows. A Panoptic-DeepLab finds ``setup.instances`` centres, and a thing in every
    pixel. Query models are as random weights make them. Training steps are whole, with
    the config's optimiser, but at a learning rate of zero, so that all steps do the
    same.

    Args:
        cfg: A whole config; not changed.
        setup: What to time it with.

    Raises:
        ValueError: The config has no classes, or the images are too small, also for
            the centres.
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
        """Whether the model has such work, see ``postprocess``."""
        return work != 'postprocess' or isinstance(self.model, PanopticDeepLab)

    def network(self) -> Any:
        """Raw outputs of normalised images that are on the device (``mode='tensor'``).

        In a two-stage model that includes the choice of proposals; mmdet then runs the
        mask head on the first 100 of them, which may be more than are detected.

        Raises:
            ValueError: The model cannot do without post-processing.
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
        """From a Panoptic-DeepLab's maps at the features' stride to panoptic maps.

        Other models have no step that takes what ``network`` returns: mmdet's fusion
        of queries reads enlarged masks, and two-stage models run their mask head on
        boxes that were suppressed before.
        """
        samples = self._normalised['data_samples']
        with torch.no_grad(), self._autocast():
            self.model.panoptic_head.predict_by_maps(self._maps, samples)

    def predict(self) -> None:
        """Predict a batch, from images in the host's memory to panoptic maps."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            self.model.test_step(self._images)

    def train(self) -> None:
        """One step: losses, gradients, optimiser."""
        self.model.train()
        data = self.model.data_preprocessor(deepcopy(self._data), training=True)
        with self._autocast():
            losses = self.model(**data, mode='loss')
            loss, _ = self.model.parse_losses(losses)
        self._optimiser.update_params(loss)

    def seconds(self, work: str) -> float:
        """Time one kind of ``WORK`` once; NaN where the model does not have it."""
        if not self.does(work):
            return np.nan
        return seconds_of(self._work(work), self.device)

    def cost(self, work: Sequence[str] = WORK) -> Cost:
        """Count, and measure memory; call it before timing, as a warm-up."""
        total = count_macs(build_for_counting(self.cfg), self.setup.shape)['total']
        memory = dict.fromkeys(work, np.nan)
        for name in filter(self.does, work):
            self._work(name)()  # optimisers make their state in the first step
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
    """The config's optimiser at a learning rate of zero; scaled losses for float16."""
    optimiser = deepcopy(cfg.optim_wrapper)
    optimiser.optimizer.lr = 0.0
    optimiser.type = 'OptimWrapper'
    for field in ('loss_scale', 'dtype'):
        optimiser.pop(field, None)
    if setup.dtype == torch.float16:
        optimiser.update(type='AmpOptimWrapper', loss_scale='dynamic')
    return optimiser


class Timed(Protocol):
    """Has work that can be timed, as ``TimedModel`` has."""

    def seconds(self, work: str) -> float:
        """Do a named work once, and say how long it took."""


def seconds_of(work: Callable[[], Any], device: torch.device) -> float:
    """Call once, and wait for the end of what the device does."""
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
    """Let the models take turns, in the other order every other time.

    Args:
        models: By name.
        turns: How often each works.
        work: Names of what is timed; of a ``TimedModel``, any of ``WORK``.

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
