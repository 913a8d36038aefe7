"""The table of a study in a page of the documentation, between two marks."""

import os
import re
from pathlib import Path

from mmpisr.files import write_atomically

from .learning import learned_count
from .line_table import line_table
from .results import StudyResults
from .tables import difference_text, spread_text, table

END = '<!-- /study -->'


def replace_block(page: Path, name: str, text: str) -> None:
    """Put a text between ``<!-- study:NAME -->`` and ``<!-- /study -->``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file has not both marks once, in this order; names it.
    """
    begin = f'<!-- study:{name} -->'
    if not page.is_file():
        raise FileNotFoundError(f'{page}: no such file to put a table into')
    content = page.read_text()
    pattern = f'{re.escape(begin)}.*?{re.escape(END)}'
    found = re.findall(pattern, content, flags=re.DOTALL)
    closed = [block for block in found if block.count('<!-- study:') == 1]
    if len(closed) != 1 or content.count(begin) != 1:
        raise ValueError(
            f'{page}: needs {begin!r} once with {END!r} after it, has '
            f'{content.count(begin)}, of which {len(closed)} with an end'
        )
    block = f'{begin}\n{text}\n{END}'
    write_atomically(page, content.replace(found[0], block))


def summary(results: StudyResults, report: str) -> str:
    """What matters most of a study: PQ over its axis, or else a row a variant.

    Args:
        results: What was recorded.
        report: Link to the whole report.
    """
    seeds = ', '.join(map(str, results.study.seeds))
    missing = results.missing_count()
    lacking = f' (**{missing}**)' if missing else ''
    origin = (
        f'Seeds {seeds}{lacking}; {results.distinct("date")}; '
        f'commit {results.commits()}'
    )
    note = f'{origin}. [Everything that was measured, and how]({report}).'
    found = line_table(results) or variant_table(results)
    return f'**{results.study.title}**\n\n{found}\n\n{note}'


def variant_table(results: StudyResults) -> str:
    """Values of each variant and how far its PQ is above the base's."""
    base = results.study.base.label
    metrics = [m for m in results.metrics if m not in ('SQ', 'RQ')]
    rows = []
    for variant in results.complete:
        found = {} if variant.label == base else results.compare(variant.label, base)
        gap = difference_text(found['PQ']) if 'PQ' in found else '-'
        values = [spread_text(results.spread(variant.label, m)) for m in metrics]
        learned = learned_count(results, variant.label)
        rows.append([variant.label, *values, learned, gap])
    header = ['variant', *metrics, 'relations learned', f'PQ above {base} [95 %]']
    if not any(row[-2] for row in rows):
        header, *rows = ([*row[:-2], row[-1]] for row in (header, *rows))
    return table(header, rows)


def link(page: Path, report: Path) -> str:
    """Path of a report as a page writes it."""
    return Path(os.path.relpath(report, page.parent)).as_posix()
