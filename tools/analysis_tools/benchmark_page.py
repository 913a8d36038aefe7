"""The page that ``benchmark_metric.py`` writes."""

import os
import platform
from collections.abc import Mapping
from datetime import date
from textwrap import fill
from typing import Any

import numpy as np
import torch
from benchmark_truth import COARSE, MAX_SHIFT

OURS, THEIRS, POOLED = 'mmpisr', 'mmdet', 'mmdet, processes'
MEANING = {
    THEIRS: "`mmdet` is set up as in mmdet's configs; its `nproc`, the number of "
    'cores, has no effect then.',
    POOLED: '`mmdet, processes` has `outfile_prefix` too, so that a process per core '
    'scores all images in the end; processor time includes theirs.',
}
HEADER = """\
| metric | images / s | ms / image | processor ms / image | ratio | processor ratio |
| --- | --- | --- | --- | --- | --- |"""


def benchmark_page(
    spent: Mapping[str, np.ndarray],
    scores: Mapping[str, float],
    about: Mapping[str, Any],
    alone: Mapping[str, float],
) -> str:
    """Put the numbers into markdown.

    Args:
        spent: Per metric, wall and processor seconds of each turn, last of the final
            sums, ``(turns + 1, 2)``.
        scores: Results of ours.
        about: ``paired`` images, their ``size``, ``truths``, ``gap``, ``block``,
            ``seed``, ``load`` and ``command``.
        alone: As ``run_alone`` gives it.
    """
    height, width = about['size']
    lines = [
        '# Speed and memory of the metric',
        '',
        "`mmpisr.PanopticMetric` beside mmdet's `CocoPanopticMetric`. Made by a",
        'script, do not edit.',
        '',
        fill(
            f'{about["paired"]} predictions of {height} x {width} (height x width) in '
            f'turns of {about["block"]} images, in one process. The ratio is the time '
            'of a metric divided by that of mmpisr.'
        ),
        '',
        HEADER,
        *_rows(spent, about['paired']),
        '',
        *(_point(text) for text in _findings(spent, scores, about, alone)),
        '',
        fill(' '.join(MEANING[name] for name in spent if name in MEANING)),
        '',
        fill(
            f'Predictions are {about["truths"]} truths, repeated, each time shifted by '
            f'up to {MAX_SHIFT} pixels and coarsened {COARSE} times. They are made as '
            'needed, and their time does not count.'
        ),
        '',
        '```bash',
        about['command'],
        '```',
        '',
        fill(_machine(about)),
    ]
    return '\n'.join(lines) + '\n'


def _rows(spent: Mapping[str, np.ndarray], num: int) -> list[str]:
    """One line of the table a metric."""
    totals = {name: seconds.sum(axis=0) for name, seconds in spent.items()}
    lines = []
    for name, (wall, processor) in totals.items():
        ratio, processor_ratio = totals[name] / totals[OURS]
        lines.append(
            f'| {name} | {num / wall:.2f} | {1e3 * wall / num:.0f} '
            f'| {1e3 * processor / num:.0f} | {ratio:.1f} | {processor_ratio:.1f} |'
        )
    return lines


def _findings(
    spent: Mapping[str, np.ndarray],
    scores: Mapping[str, float],
    about: Mapping[str, Any],
    alone: Mapping[str, float],
) -> list[str]:
    """Sentences on spread, agreement and memory."""
    ratios = spent[THEIRS][:-1, 0] / spent[OURS][:-1, 0]
    low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    named = ', '.join(f'{k.split("/")[1]} {v:.2f}' for k, v in scores.items())
    return [
        f'Ratio of mmdet in each turn: median {median:.1f}, quartiles {low:.1f} and '
        f'{high:.1f}.',
        f'Largest difference of any result: {about["gap"]:.1e} points. {named}.',
        f'mmpisr alone in a process, {alone["images"]} images: peak memory '
        f'{alone["mib"]:.0f} MiB in all; it was {alone["imported_mib"]:.0f} MiB before '
        f'the first image and {alone["early_mib"]:.0f} MiB after '
        f'{alone["early_images"]}. There the next truth is read while the next '
        'prediction is made, as beside a network: '
        f'{alone["images"] / alone["seconds"]:.1f} images / s.',
    ]


def _point(text: str) -> str:
    return fill(text, initial_indent='- ', subsequent_indent='  ')


def _machine(about: Mapping[str, Any]) -> str:
    return (
        f'Seed {about["seed"]}. {os.cpu_count()} cores ({platform.machine()}), torch '
        f'{torch.__version__}, {date.today()}. Load average {about["load"]:.1f} before '
        f'and {os.getloadavg()[0]:.1f} after, of which about 1 is this run. More is '
        'other work, now or some minutes ago, which hides what mmpisr gains by reading '
        'ahead.'
    )
