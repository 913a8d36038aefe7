"""The page of a benchmark of speed."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from textwrap import fill
from typing import Any

import numpy as np

from .speed import Cost, Setup, ratios

TITLES = dict(predict='Prediction', train='Training step')
COLUMNS = ('', 'GMACs', 'parameters', 'ms', 'ratio', 'quartiles', 'peak MiB')
WIDTH = 88
EXPLAINED = """\
The models take turns in one process, in the other order every other turn. ms is the
median; the ratio is the median over turns of a model's time divided by that of the
first in the same turn, with its quartiles. Peak memory is that of tensors, above
weights and the optimiser's state. GMACs are of one image. Weights are random and images
are noise, but all do the same work whatever they see: two-stage models keep as many
proposals and detections as their test_cfg allows, and Panoptic-DeepLab finds no centre
and so has nothing to group. A prediction goes from images to panoptic maps; a training
step has the losses, the gradients and the config's optimiser."""


def speed_page(
    spent: Mapping[str, Mapping[str, np.ndarray]],
    costs: Mapping[str, Cost],
    setup: Setup,
    *,
    command: str,
    about: Mapping[str, Any],
) -> str:
    """Put the numbers into markdown.

    Args:
        spent: Seconds by work and model, see ``time_in_turns``.
        costs: By model.
        setup: What was timed.
        command: What makes the page again.
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
            f'{setup.device}, {dtype}, {turns} turns. {" ".join(EXPLAINED.split())}',
            WIDTH,
            break_on_hyphens=False,
        ),
    ]
    for work, times in spent.items():
        lines += ['', f'## {TITLES[work]}', '', *_table(times, costs, work)]
    lines += ['', '```bash', command, '```', '', fill(_machine(about), WIDTH)]
    return '\n'.join(lines) + '\n'


def _table(
    times: Mapping[str, np.ndarray], costs: Mapping[str, Cost], work: str
) -> list[str]:
    rows: list[Sequence[str]] = [COLUMNS, ['---'] * len(COLUMNS)]
    for name, (low, middle, high) in ratios(times).items():
        cost = costs[name]
        rows.append(
            [
                name,
                f'{cost.gmacs:.3f}',
                f'{cost.parameters:,}',
                f'{1e3 * np.median(times[name]):.1f}',
                f'{middle:.3f}',
                f'{low:.3f} to {high:.3f}',
                f'{cost.memory_mib[work]:.1f}',
            ]
        )
    return [f'| {" | ".join(row)} |' for row in rows]


def _machine(about: Mapping[str, Any]) -> str:
    changed = ' with changes' if about['dirty'] else ''
    return (
        f'Commit {about["commit"]}{changed}, {date.today()}. {about["cores"]} cores '
        f'({about["machine"]}), GPU: {about["gpu"]}, torch {about["torch"]} with '
        f'{about["threads"]} threads. Load average {about["load"]:.1f} before and '
        f'{os.getloadavg()[0]:.1f} after, of which this run is {about["threads"]}; '
        'more is other work, which lengthens times and moves ratios less.'
    )
