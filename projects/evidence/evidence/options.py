"""The options of trainings and tests, and the configs that they make."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmpisr.apis.run_options import load_config

from .study import Options, Variant

TRAINING: Options = {
    'randomness.deterministic': True,
    'default_hooks.checkpoint.interval': 100,
    'default_hooks.checkpoint.max_keep_ckpts': 2,  # mmengine drops one, then saves
    'default_hooks.logger.interval': 10,
}
"""Of every training, unless the study says otherwise."""
TEST: Options = {
    'test_evaluator.miou': True,
    'test_evaluator.iiou': True,
    'test_evaluator.mask_ap': 'coco',
    'test_evaluator.relation_accuracy': 'auto',
}
"""Of every test."""


def training_options(variant: Variant) -> Options:
    """Options of a variant's trainings, without seed and place of the data."""
    return {**TRAINING, **variant.training}


def evaluation_options(variant: Variant) -> Options:
    """Options of a variant's tests."""
    return {**TRAINING, **variant.test, **TEST}


def training_config(variant: Variant, more: Mapping[str, Any] | None = None) -> Config:
    """The config of a variant's trainings, with all options and some more."""
    options = {**training_options(variant), **(more or {})}
    return load_config(str(variant.config), options=options)


def evaluation_config(
    variant: Variant, more: Mapping[str, Any] | None = None
) -> Config:
    """The config of a variant's tests, with all options and some more."""
    options = {**evaluation_options(variant), **(more or {})}
    return load_config(str(variant.config), options=options)
