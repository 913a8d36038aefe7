"""Samplers whose indices carry the seed of the random transforms of their item.

With mmengine's samplers, an image is augmented by the random numbers that its worker
has reached, so that a resumed training augments images differently. Here each draw of
an image has a seed of its own, made of the sampler's seed, the process, and the
position of the draw in the training.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler

from mmpisr.random_state import random_state, set_random_state
from mmpisr.registry import DATA_SAMPLERS


class Draw(int):
    """Index of an item, with the seed of this draw of it.

    It stays a ``Draw`` when mmengine's ``ConcatDataset`` and ``RepeatDataset`` compute
    an index of a dataset inside of them.
    """

    seed: tuple[int, ...]

    def __new__(cls, index: int, seed: tuple[int, ...] = ()) -> 'Draw':
        """Make an index; ``seed`` holds numbers that are not negative."""
        draw = super().__new__(cls, index)
        draw.seed = seed
        return draw

    def __sub__(self, other: int) -> 'Draw':
        """Subtract the sizes of the datasets before this one."""
        return Draw(int(self) - other, self.seed)

    def __mod__(self, other: int) -> 'Draw':
        """Divide by the size of the repeated dataset."""
        return Draw(int(self) % other, self.seed)


@contextmanager
def seeded(index: int) -> Iterator[None]:
    """Seed Python, NumPy and PyTorch within the block, if the index is a draw."""
    if not isinstance(index, Draw):
        yield
        return
    before = random_state()
    seeds = np.random.SeedSequence(index.seed).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])
    torch.random.default_generator.manual_seed(int(seeds[2]))
    try:
        yield
    finally:
        set_random_state(before)


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(InfiniteSampler):
    """mmengine's ``InfiniteSampler``; the order of the indices is the same."""

    def _indices_of_rank(self) -> Iterator[int]:
        for position, index in enumerate(super()._indices_of_rank()):
            yield Draw(index, (self.seed, self.rank, position))


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's ``DefaultSampler``; the order of the indices is the same."""

    def __iter__(self) -> Iterator[int]:
        """Yield the draws of one epoch."""
        for position, index in enumerate(super().__iter__()):
            yield Draw(index, (self.seed, self.rank, self.epoch, position))
