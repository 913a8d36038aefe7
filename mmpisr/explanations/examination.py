"""Everything that is measured of trained models to explain them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.models.relations import PISR

from .counterfactual import flip_outcomes
from .known_classes import score_with_known_classes
from .loaded_model import LoadedModel
from .observations import Observations, observe
from .swap_test import SwapTest, run_swap_test


class TrainedSeeds(NamedTuple):
    """Trainings of one config.

    Attributes:
        label: Its name in tables and figures.
        config: The config file.
        checkpoints: One of each training.
        options: ``--cfg-options``.
    """

    label: str
    config: Path
    checkpoints: Sequence[Path]
    options: Mapping[str, Any]


class Examination(NamedTuple):
    """What was measured, one entry a training, S of them.

    Attributes:
        trained: What was examined.
        classes: Names of the N classes of the data.
        class_rows: See :class:`RelationCall`.
        relations: The dataset's, R.
        observed: Of the test images as they are.
        swaps: With other encodings; empty without PISR.
        known: With the classes known that the image shows; empty where the host has
            no layer that predicts classes of pixels.
        flips: Outcomes of scenes drawn again, ``(I, R, 5)`` each; empty without
            relations in the data.
    """

    trained: TrainedSeeds
    classes: list[str]
    class_rows: Sequence[int] | None
    relations: Sequence[Mapping[str, str]]
    observed: list[Observations]
    swaps: list[SwapTest]
    known: list[ScoreTable]
    flips: list[np.ndarray]

    @property
    def label(self) -> str:
        """Of tables and figures."""
        return self.trained.label

    def decider_there(self, relation: int) -> np.ndarray:
        """Which images have the decider of a relation, bool, ``(I,)``."""
        decider = self.classes.index(self.relations[relation]['decider'])
        return self.observed[0].present[:, decider]


def examine(
    trained: TrainedSeeds, *, device: str = 'cpu', swap_seed: int = 0
) -> Examination:
    """Measure each training in turn.

    Args:
        trained: What to examine.
        device: Where models run.
        swap_seed: Of the choice of images to swap encodings with.

    Raises:
        FileNotFoundError: A checkpoint is not there.
        ValueError: There is none, one does not fit the config, or the data has
            relations but cannot be drawn again.
    """
    if not trained.checkpoints:
        raise ValueError(f'{trained.label}: no checkpoint of {trained.config} is given')
    observed, swaps, known, flips = [], [], [], []
    for checkpoint in trained.checkpoints:
        loaded = LoadedModel(
            trained.config, checkpoint, options=trained.options, device=device
        )
        observed.append(observe(loaded))
        if isinstance(loaded.find_relation(), PISR):
            swaps.append(run_swap_test(loaded, observed[-1], seed=swap_seed))
        known.append(score_with_known_classes(loaded, observed[-1]))
        if loaded.relations:
            flips.append(flip_outcomes(loaded))
        observed[-1] = observed[-1]._replace(encodings=[])  # large
    return Examination(
        trained=trained,
        classes=loaded.classes,
        class_rows=loaded.class_rows(),
        relations=loaded.relations,
        observed=observed,
        swaps=swaps,
        known=[table for table in known if table is not None],
        flips=flips,
    )
