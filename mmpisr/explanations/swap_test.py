"""What breaks when an image is related to the categories of another one.

Everything else stays: features, intermediate predictions, weights of the model.
"""

from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

import numpy as np

from mmpisr.evaluation.score_table import ScoreTable

from .encodings import Part, blank, changed_encodings, require_pisr, swap
from .loaded_model import LoadedModel
from .observations import Observations

PARTS: tuple[Part, ...] = ('all', 'classes', 'slots')
UNCHANGED = 'unchanged'


class SwapTest(NamedTuple):
    """Results of one model.

    Attributes:
        tables: Statistics by condition: ``'unchanged'``, then ``'<part> swapped'`` and
            ``'<part> zero'``.
        donors: For each image the one whose encodings it got, ``(I,)``.
    """

    tables: dict[str, ScoreTable]
    donors: np.ndarray


def run_swap_test(
    loaded: LoadedModel, observed: Observations, *, seed: int = 0
) -> SwapTest:
    """Predict all images again under each condition.

    Args:
        loaded: A model with PISR.
        observed: Of the same model, with its encodings.
        seed: Of the choice of other images.

    Raises:
        ValueError: The model has no PISR, or there is a single image.
    """
    relation = require_pisr(loaded.find_relation())
    donors = derangement(len(loaded.dataset), seed)

    def swapping(index: int, part: Part) -> AbstractContextManager:
        other = observed.encodings[donors[index]]
        return changed_encodings(relation, partial(swap, other=other, part=part))

    def blanking(index: int, part: Part) -> AbstractContextManager:
        return changed_encodings(relation, partial(blank, part=part))

    tables = {UNCHANGED: observed.table}
    for part in PARTS:
        tables[f'{part} swapped'] = loaded.score(partial(swapping, part=part))
    for part in PARTS:
        tables[f'{part} zero'] = loaded.score(partial(blanking, part=part))
    return SwapTest(tables, donors)


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
