"""Let PISR's attention read the encodings of another image.

Features, intermediate predictions, reweighting scores and weights stay as they are.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.models.relations import PISR
from mmpisr.visualization.changed_encodings import Encodings, changed_encodings

from .scoring import ScoredModel

PARTS = 'all', 'classes', 'slots'


def score_with_swaps(
    scored: ScoredModel, pisr: PISR, *, seed: int = 0
) -> dict[str, ScoreTable]:
    """Score all images, each with a part of another image's encodings.

    Args:
        scored: The model.
        pisr: Its relation.
        seed: Of the choice of other images.

    Returns:
        By part: all categories, the classes, or the instance slots.

    Raises:
        ValueError: There is a single image.
    """
    donors = derangement(len(scored.dataset), seed)
    encodings = []
    for index in range(len(scored.dataset)):
        with recorded_encodings(pisr) as kept:
            scored.predict(index)
        encodings.append(kept[0])

    def swapping(index: int, part: str) -> AbstractContextManager:
        other = encodings[donors[index]]
        rows = part_rows(pisr.num_classes, other.values.shape[1], part)
        return changed_encodings(pisr, partial(swap, other=other, rows=rows))

    return {part: scored.score(partial(swapping, part=part)) for part in PARTS}


@contextmanager
def recorded_encodings(pisr: PISR) -> Iterator[list[Encodings]]:
    """Keep the encodings of each call within the block, on the CPU."""
    kept: list[Encodings] = []

    def keep(own: Encodings) -> Encodings:
        kept.append(Encodings(*(part.detach().cpu().clone() for part in own)))
        return own

    with changed_encodings(pisr, keep):
        yield kept


def swap(own: Encodings, other: Encodings, rows: Tensor) -> Encodings:
    """Take the encodings of some categories, and which are valid, from another image.

    Args:
        own: Of the image.
        other: Of the other image, in the same shapes, on any device.
        rows: Which categories are taken, bool, ``(L,)``.
    """
    rows = rows.to(own.values.device)
    values, valid = (part.to(rows.device) for part in other)
    return Encodings(
        torch.where(rows[:, None], values, own.values),
        torch.where(rows, valid, own.valid),
    )


def part_rows(num_classes: int, num_categories: int, part: str) -> Tensor:
    """Mark the categories of a part, one of ``PARTS``, bool, ``(L,)``."""
    is_class = torch.arange(num_categories) < num_classes
    return dict(all=torch.ones_like(is_class), classes=is_class, slots=~is_class)[part]


def derangement(count: int, seed: int) -> np.ndarray:
    """Give every image another one: a random cycle through all of them, ``(I,)``.

    Raises:
        ValueError: There are fewer than two.
    """
    if count < 2:
        raise ValueError(f'{count} images cannot be swapped, at least 2 are needed')
    order = np.random.default_rng(seed).permutation(count)
    donors = np.empty(count, dtype=np.int64)
    donors[order] = np.roll(order, -1)
    return donors
