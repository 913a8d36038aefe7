"""Training without chance: the same regions and points wherever the code runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from mmdet.models.dense_heads import mask2former_head
from mmdet.models.task_modules import RandomSampler
from torch import Tensor


def first(_sampler: RandomSampler, gallery: Tensor, num: int) -> Tensor:
    """The first regions of those that ``RandomSampler`` chooses from."""
    return gallery[:num]


def same_points(masks: Tensor, _labels: None, num_points: int, *_ratios) -> Tensor:
    """The same points for every mask, ``(masks, num_points, 2)`` in [0, 1]."""
    return draw((1, num_points, 2), device=masks.device).expand(len(masks), -1, -1)


def draw(size: tuple[int, ...], *, device: torch.device) -> Tensor:
    """Numbers in [0, 1) that depend on the size only."""
    generator = torch.Generator().manual_seed(0)
    return torch.empty(size).uniform_(generator=generator).to(device)


@contextmanager
def fixed_samples() -> Iterator[None]:
    """Replace what mmdet draws: regions of the two-stage models, Mask2Former's points.

    No other code may draw with ``torch.rand`` in here.
    """
    points = 'get_uncertain_point_coords_with_randomness'
    with ExitStack() as stack:
        for owner, name, fixed in (
            (RandomSampler, 'random_choice', first),
            (mask2former_head, points, same_points),
            (torch, 'rand', draw),
        ):
            stack.enter_context(patch.object(owner, name, fixed))
        yield
