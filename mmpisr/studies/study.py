"""What a study is: variants, seeds, and what is compared with what."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Options = Mapping[str, Any]
"""Dotted keys and their values, as ``--cfg-options`` takes them."""


class Variant(NamedTuple):
    """One row of a table.

    Attributes:
        label: Its name in records, tables and figures.
        config: The config file.
        options: Of this variant only; they win over the study's.
        control: Whether it is the capacity control.
        x: Its place on the axis of a line plot, None without one.
        line: Which line of that plot it is on.
    """

    label: str
    config: Path
    options: Options
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
        x_label: Of the axis of a line plot.
        x_from: Field of the records that is the axis, in place of each ``x``.
        file: Where it was read from.
    """

    name: str
    title: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    options: Options
    compare_to: tuple[str, ...]
    x_label: str
    x_from: str | None
    file: Path

    @property
    def base(self) -> Variant:
        """What every variant is compared with."""
        return self.variants[0]

    def options_of(self, variant: Variant) -> dict[str, Any]:
        """Options of a variant's runs, without what each seed adds."""
        return {**self.options, **variant.options}
