"""What a study is: variants, seeds, and what is compared with what."""

from pathlib import Path
from typing import Any, NamedTuple

Options = dict[str, Any]
"""Dotted keys and their values, as ``--cfg-options`` takes them."""
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
AXES = {'gmacs': 'GMACs', 'parameters': 'parameters'}
"""What is counted of a variant and can be the axis of a figure, in place of ``x``."""


class Variant(NamedTuple):
    """One row of a table.

    Attributes:
        label: Its name in tables and figures.
        config: The config file.
        training: Options of its trainings.
        test: Options of its tests, those of its trainings included.
        trained_as: Label of the variant whose trained models are tested, '' for its
            own.
        starts_from: Label of the variant whose trained model of the same seed each
            training loads, '' for a training from scratch.
        control: Label of the variant whose extra cost it matches without its idea, ''
            where it is no such control.
        x: Its place on the axis of a figure, None without one.
        line: Which line of that figure it is on.
    """

    label: str
    config: Path
    training: Options
    test: Options
    trained_as: str = ''
    starts_from: str = ''
    control: str = ''
    x: float | None = None
    line: str = ''


class Study(NamedTuple):
    """Variants times seeds.

    Attributes:
        path: The file; its stem is the name of the study.
        title: Of its page.
        variants: The base first.
        seeds: Each variant is trained once with each.
        compare_to: Labels to which differences are shown, besides the base.
        x_label: Of the axis of the variants' ``x``.
        x_from: One of ``AXES`` that takes the place of ``x``, or ''.
    """

    path: Path
    title: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    compare_to: tuple[str, ...] = ()
    x_label: str = 'x'
    x_from: str = ''

    @property
    def name(self) -> str:
        """Name of its page and of its tables."""
        return self.path.stem

    @property
    def base(self) -> Variant:
        """What every variant is compared with."""
        return self.variants[0]

    def find(self, label: str) -> Variant:
        """The variant of a label.

        Raises:
            ValueError: There is none.
        """
        found = {variant.label: variant for variant in self.variants}
        if label not in found:
            raise ValueError(f'{self.path}: {label!r} is none of the labels {[*found]}')
        return found[label]
