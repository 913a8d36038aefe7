"""The Markdown page that ``benchmark_speed.py`` writes."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from textwrap import fill
from typing import Any

import numpy as np

from .timing import Cost, Setup, ratios

TITLES = dict(
    network='Network',
    postprocess='Post-processing',
    predict='Prediction',
    train='Training step',
)
COLUMNS = (
    '',
    'GMACs',
    'parameters',
    'ms',
    'images/s',
    'ratio',
    'quartiles',
    'peak MiB',
)
WIDTH = 88
EXPLAINED = """\
The models take turns in one process; every other turn runs in reverse order. ms is the
median; the ratio is the median over turns of a model's time divided by that of the
first in the same turn, with its quartiles. Peak memory is that of tensors, above
weights and the optimiser's state. GMACs are of one image and the whole model. The
network goes from normalised images on the device to raw outputs (mode='tensor'); in
two-stage models it chooses proposals and runs the mask head on the first 100, where a
prediction runs it on the detections, so that it is no part of a prediction.
Post-processing goes from the maps of a Panoptic-DeepLab to panoptic maps; that of other
models cannot be timed apart (–). A prediction is the whole, from images in the host's
memory to panoptic maps. A training step has the losses, the gradients and the config's
optimiser, and copies the truth to the device. Weights are random and images are noise.
Two-stage models keep as many proposals and detections as their test_cfg allows. Query
models keep the queries that random weights are sure of, few or none."""
INSTANCES = 'Panoptic-DeepLab finds {} instances in an image, which leave no stuff.'


def speed_page(
    spent: Mapping[str, Mapping[str, np.ndarray]],
    costs: Mapping[str, Cost],
    setup: Setup,
    *,
    command: str,
    about: Mapping[str, Any],
) -> str:
    """Write the measured numbers as Markdown.

    Args:
        spent: Seconds by work and model, see ``time_in_turns``.
        costs: By model.
        setup: Settings of the timing.
        command: Command that made the page.
        about: ``machine``, ``cores``, ``gpu``, ``torch``, ``commit``, ``dirty``,
            ``threads``, and the ``load`` of the machine before.
    """
    turns = len(next(iter(next(iter(spent.values())).values())))
    height, width = setup.shape
    dtype = str(setup.dtype).removeprefix('torch.')
    lines = [
        '# Speed',
        '',
        'Made by a script, do not edit.',
        '',
        fill(
            f'{setup.batch} image(s) of {height} x {width} (height x width) on '
            f'{setup.device}, {dtype}, {turns} turns. {" ".join(EXPLAINED.split())} '
            f'{INSTANCES.format(setup.instances)}',
            WIDTH,
            break_on_hyphens=False,
        ),
    ]
    for work, times in spent.items():
        lines += [
            '',
            f'## {TITLES[work]}',
            '',
            *_table(times, costs, work, setup.batch),
        ]
    lines += ['', *made_by(command, about)]
    return '\n'.join(lines) + '\n'


def _table(
    times: Mapping[str, np.ndarray], costs: Mapping[str, Cost], work: str, batch: int
) -> list[str]:
    rows: list[Sequence[str]] = []
    for name, (low, middle, high) in ratios(times).items():
        cost, seconds = costs[name], np.median(times[name])
        rows.append(
            [
                name,
                f'{cost.gmacs:.3f}',
                f'{cost.parameters:,}',
                shown(1e3 * seconds, 1),
                shown(batch / seconds, 2),
                shown(middle, 3),
                quartiles(low, high),
                shown(cost.memory_mib[work], 1),
            ]
        )
    return markdown_table(COLUMNS, rows)


def shown(number: float, digits: int) -> str:
    """Format a number with ``digits`` decimals; a dash for NaN."""
    return '–' if np.isnan(number) else f'{number:.{digits}f}'


def quartiles(low: float, high: float) -> str:
    """Format two quartiles; a dash for NaN."""
    return '–' if np.isnan(low) else f'{low:.3f} to {high:.3f}'


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Format a table as lines of Markdown."""
    lines = [header, ['---'] * len(header), *rows]
    return [f'| {" | ".join(line)} |' for line in lines]


def made_by(command: str, about: Mapping[str, Any]) -> list[str]:
    """Format command and machine of a benchmark, see ``speed_page``."""
    return ['```bash', command, '```', '', fill(_machine(about), WIDTH)]


def _machine(about: Mapping[str, Any]) -> str:
    changed = ' with changes' if about['dirty'] else ''
    return (
        f'Commit {about["commit"]}{changed}, {date.today()}. {about["cores"]} cores '
        f'({about["machine"]}), GPU: {about["gpu"]}, torch {about["torch"]} with '
        f'{about["threads"]} threads. Load average {about["load"]:.1f} before and '
        f'{os.getloadavg()[0]:.1f} after, of which this run is {about["threads"]}; '
        'more is other work, which lengthens times and moves ratios less.'
    )
