"""Findings as text: a table of splits, one of classes, and grouped problems."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from terminaltables import AsciiTable

from ..json_checks.problem import ERROR, WARNING, Problem
from .split import SplitFindings

SPLIT_HEADER = (
    'split',
    'images',
    'segments',
    'things',
    'stuff',
    'crowd %',
    'void %',
    'empty images',
)
CLASS_HEADER = (
    'category',
    'kind',
    'segments',
    'crowds',
    'images',
    'pixels',
    'pixels %',
)


def split_table(splits: Iterable[SplitFindings]) -> str:
    """One row a split; ``crowd %`` of all segments, ``void %`` of all pixels."""
    rows = []
    for findings in splits:
        counts = findings.counts
        row = (
            findings.split.name,
            counts.images,
            counts.segments,
            counts.segments_of(True),
            counts.segments_of(False),
            _percent(counts.crowd_share()),
            _percent(counts.void_share()),
            counts.empty,
        )
        rows.append(row)
    return _table(SPLIT_HEADER, rows)


def class_table(findings: SplitFindings) -> str:
    """One row a category, in the json's order."""
    counts = findings.counts
    rows = []
    for category in counts.categories:
        number = category['id']
        pixels = counts.pixels_by[number]
        row = (
            category['name'],
            'thing' if category['isthing'] else 'stuff',
            counts.segments_by[number],
            counts.crowds_by[number],
            counts.images_by[number],
            pixels,
            _percent(pixels / counts.pixels if counts.pixels else math.nan),
        )
        rows.append(row)
    return f'{findings.split.name}\n{_table(CLASS_HEADER, rows)}'


def problem_list(problems: Sequence[Problem], *, limit: int = 5) -> str:
    """Problems grouped by level and kind, errors first, ``limit`` of each kind."""
    groups = defaultdict(list)
    for problem in problems:
        groups[problem.level, problem.kind].append(problem)
    lines = []
    for level, kind in sorted(groups, key=lambda group: group[0] != ERROR):
        group = groups[level, kind]
        lines.append(f'{level}: {kind} ({len(group)})')
        lines += [f'  {problem}' for problem in group[:limit]]
        if len(group) > limit:
            lines.append(f'  ... and {len(group) - limit} more (--max-problems)')
    return '\n'.join(lines)


def count_levels(problems: Iterable[Problem]) -> dict[str, int]:
    """How many errors and warnings there are."""
    levels = [problem.level for problem in problems]
    return {level: levels.count(level) for level in (ERROR, WARNING)}


def _percent(share: float) -> str:
    return '-' if math.isnan(share) else f'{100 * share:.2f}'


def _table(header: Sequence, rows: Iterable[Sequence]) -> str:
    return AsciiTable([header, *[[str(cell) for cell in row] for row in rows]]).table
