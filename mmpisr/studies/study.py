"""What a study is: variants, seeds, and what is compared with what."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Options = Mapping[str, Any]
"""Dotted keys and their values, as ``--cfg-options`` takes them."""
AXES = {
    'gmacs': 'GMACs',
    'parameters': 'parameters',
    'predict_time': "measured time of a prediction, in times of the base's",
    'train_time': "measured time of a training step, in times of the base's",
}
"""What is counted or measured of a variant and can be an axis."""


class Variant(NamedTuple):
    """One row of a table.

    Attributes:
        label: Its name in records, tables and figures.
        config: The config file.
        options: Of this variant only; they win over the study's.
        trained_as: Label of the variant whose trained models are tested with these
            options, '' for a variant with its own trainings.
        starts_from: Label of the variant whose trained model of the same seed each
            training loads, '' for a variant that is trained from scratch.
        control: Whether it is the capacity control.
        x: Its place on the axis of a line plot, None without one.
        line: Which line of that plot it is on.
    """

    label: str
    config: Path
    options: Options
    trained_as: str = ''
    starts_from: str = ''
    control: bool = False
    x: float | None = None
    line: str = ''

    @property
    def folder(self) -> str:
        """Its label as a name of a folder."""
        return re.sub(r'[^a-z0-9=.]+', '-', self.label.lower()).strip('-')


class Study(NamedTuple):
    """Variants times seeds.

    Attributes:
        name: Of its folders.
        title: Of its report.
        variants: The base first.
        seeds: Each variant is trained once with each.
        options: Of every run.
        compare_to: Labels to which differences are reported, besides the base.
        x_label: Of the axis of the variants' ``x``.
        x_from: Those of ``AXES`` that are axes, a plot each, in place of ``x``.
        file: Where it was read from.
    """

    name: str
    title: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    options: Options
    compare_to: tuple[str, ...]
    x_label: str
    x_from: tuple[str, ...]
    file: Path

    @property
    def base(self) -> Variant:
        """What every variant is compared with."""
        return self.variants[0]

    def find(self, label: str) -> Variant:
        """The variant of a label.

        Raises:
            ValueError: There is none.
        """
        labels = [variant.label for variant in self.variants]
        if label not in labels:
            raise ValueError(f'{self.file}: {label!r} is none of the labels {labels}')
        return self.variants[labels.index(label)]

    def trained_as(self, variant: Variant) -> Variant:
        """The variant that a variant's models were trained as, mostly itself."""
        return self.find(variant.trained_as) if variant.trained_as else variant

    def source_of(self, variant: Variant) -> Variant | None:
        """The variant whose trained models a variant's trainings load."""
        label = self.trained_as(variant).starts_from
        return self.find(label) if label else None

    def options_of(self, variant: Variant) -> dict[str, Any]:
        """Options of a variant's tests, and of its trainings if it has its own."""
        trained = self.trained_as(variant)
        return {**self.options, **trained.options, **variant.options}
