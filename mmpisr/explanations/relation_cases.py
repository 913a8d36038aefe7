"""Classes that only a relation tells apart, by whether the first stage saw the decider.

Such a class can be known only through the decider, so a relation should answer rightly
where the intermediate stage found it, and as by a coin where it missed it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .observations import Observations
from .seed_means import SeedMean, seed_mean

SEEN_SHARE = 0.002
"""Share of the pixels from which on a class is seen: 3 of 32 x 48; no decider of the
scenes has fewer than twice as many."""


class Case(NamedTuple):
    """Images of one kind, by one relation.

    Attributes:
        there: Whether the decider is in the truth.
        seen: Whether the first stage found it, or saw it where it is not.
        images: How many, mean over models.
        accuracy: Share of the pixels given the right one of the two classes, percent.
    """

    there: bool
    seen: bool
    images: float
    accuracy: SeedMean


def relation_cases(
    observed: Sequence[Observations],
    relation: Mapping[str, str],
    *,
    index: int,
    classes: Sequence[str],
) -> list[Case]:
    """Split the images by truth and first stage, the four cases of one relation.

    Args:
        observed: Of each model.
        relation: ``decider``, ``present`` and ``absent``.
        index: Of the relation in the dataset.
        classes: Names of the N classes.
    """
    decider = classes.index(relation['decider'])
    cases = []
    for there in (True, False):
        for seen in (True, False):
            chosen = [
                (one.present[:, decider] == there)
                & ((one.found[:, decider] >= SEEN_SHARE) == seen)
                & ~np.isnan(one.found[:, decider])
                for one in observed
            ]
            records = [
                answers(one)[:, index] * mask[:, None]
                for one, mask in zip(observed, chosen, strict=True)
            ]
            images = float(np.mean([mask.sum() for mask in chosen]))
            accuracy = seed_mean(records, share_of_right)
            cases.append(Case(there, seen, images, accuracy))
    return cases


def answers(observed: Observations) -> np.ndarray:
    """Right and wrong answers among two classes, in pixels, ``(I, R, 2)``."""
    return right_and_wrong(observed.table.records['relation'])


def right_and_wrong(counts: np.ndarray) -> np.ndarray:
    """Sum ``(..., 4)`` pixels, by truth and then by answer, to ``(..., 2)``."""
    right = counts[..., 0] + counts[..., 3]
    wrong = counts[..., 1] + counts[..., 2]
    return np.stack([right, wrong], axis=-1)


def share_of_right(counts: np.ndarray) -> np.ndarray:
    """Percent of the right of ``(..., 2)`` answers, NaN of none, ``(...)``."""
    total = counts.sum(axis=-1)
    return 100 * counts[..., 0] / np.where(total > 0, total, np.nan)


def donor_accuracies(
    tables: Sequence[np.ndarray], differs: np.ndarray
) -> tuple[SeedMean, SeedMean]:
    """Accuracy where another image's encodings agree about a decider, and where not.

    Args:
        tables: Records of one relation under the swap, of each model, ``(I, 4)``.
        differs: Whether the other image's decider is there when the own one is not, or
            the reverse, bool, ``(I,)``.

    Returns:
        Of images whose donor agrees, and of those whose donor differs. A relation that
        follows the encodings is right in the former and wrong in the latter.
    """
    records = [right_and_wrong(table) for table in tables]
    agreeing, differing = (
        seed_mean([one * mask[:, None] for one in records], share_of_right)
        for mask in (~differs, differs)
    )
    return agreeing, differing
