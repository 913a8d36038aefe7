"""Where the runs of a variant are: trainings that are equal share a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mmpisr.apis.run_options import load_config

from .config_digest import evaluation_digest, training_digest
from .study import Options, Study, Variant

POOL = 'runs'
DEFAULTS: Options = {
    'randomness.deterministic': True,
    'default_hooks.checkpoint.interval': 100,
    'default_hooks.checkpoint.max_keep_ckpts': 2,  # mmengine drops one, then saves
    'default_hooks.logger.interval': 10,
}
"""Of every training, unless the study says otherwise."""
EVALUATION: Options = {
    'test_evaluator.miou': True,
    'test_evaluator.iiou': True,
    'test_evaluator.mask_ap': 'coco',
    'test_evaluator.relation_accuracy': 'auto',
}
"""Of every test."""


class RunKey(NamedTuple):
    """What a run is known by, whatever study asked for it.

    Attributes:
        training: Name of its config and digest of the whole of it.
        test: Digest of what is tested.
        seed: Of the training.
    """

    training: str
    test: str
    seed: int


class RunPlace(NamedTuple):
    """Folders of a variant's trainings and tests.

    Attributes:
        pool: Of all trainings, whatever study asked for them.
        training: Name of its config and digest of the whole of it.
        test: Digest of what is tested.
    """

    pool: Path
    training: str
    test: str

    def key(self, seed: int) -> RunKey:
        """What the run with a seed is known by."""
        return RunKey(self.training, self.test, seed)

    def folder(self, seed: int) -> Path:
        """Work dir of the training with a seed."""
        return self.pool / self.training / f'seed{seed}'

    def test_folder(self, seed: int) -> Path:
        """Where that model's test is, ``scores.npz`` in it."""
        return self.folder(seed) / 'tests' / self.test


def place_of(study: Study, variant: Variant, out: Path) -> RunPlace:
    """Find the folders of a variant.

    Args:
        study: The study.
        variant: One of its variants.
        out: Folder of all studies.
    """
    trained = training_config(study, variant)
    source = study.source_of(variant)
    if source:
        trained.load_from = place_of(study, source, out).training
    return RunPlace(
        pool=out / POOL,
        training=f'{variant.config.stem}-{training_digest(trained)}',
        test=evaluation_digest(evaluation_config(study, variant)),
    )


def run_folders(study: Study, label: str, out: Path) -> dict[int, Path]:
    """Work dirs of a variant's finished trainings, by seed.

    Raises:
        ValueError: The study has no such label.
    """
    place = place_of(study, study.find(label), out)
    folders = {seed: place.folder(seed) for seed in study.seeds}
    return {s: path for s, path in folders.items() if (path / 'trained.json').is_file()}


def training_options(study: Study, variant: Variant) -> dict[str, Any]:
    """Options of a variant's trainings, seed and place of the data not among them."""
    return {**DEFAULTS, **study.options_of(study.trained_as(variant))}


def evaluation_options(study: Study, variant: Variant) -> dict[str, Any]:
    """Options of a variant's tests."""
    return {**DEFAULTS, **study.options_of(variant), **EVALUATION}


def training_config(
    study: Study, variant: Variant, more: Mapping[str, Any] | None = None
) -> Config:
    """The config of a variant's trainings, with all options and some more."""
    options = {**training_options(study, variant), **(more or {})}
    return load_config(str(variant.config), options=options)


def evaluation_config(
    study: Study, variant: Variant, more: Mapping[str, Any] | None = None
) -> Config:
    """The config of a variant's tests, with all options and some more."""
    options = {**evaluation_options(study, variant), **(more or {})}
    return load_config(str(variant.config), options=options)
