"""The table of a study in a README, between two marks."""

import os
import re
from pathlib import Path

from mmpisr.files import write_atomically

from .results import StudyResults
from .tables import difference_text, spread_text, table

END = '<!-- /study -->'


def replace_block(readme: Path, name: str, text: str) -> None:
    """Put a text between ``<!-- study:NAME -->`` and ``<!-- /study -->``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file has not both marks once, in this order; names it.
    """
    begin = f'<!-- study:{name} -->'
    if not readme.is_file():
        raise FileNotFoundError(f'{readme}: no such file to put a table into')
    content = readme.read_text()
    pattern = f'{re.escape(begin)}.*?{re.escape(END)}'
    found = re.findall(pattern, content, flags=re.DOTALL)
    closed = [block for block in found if block.count('<!-- study:') == 1]
    if len(closed) != 1 or content.count(begin) != 1:
        raise ValueError(
            f'{readme}: needs {begin!r} once with {END!r} after it, has '
            f'{content.count(begin)}, of which {len(closed)} with an end'
        )
    block = f'{begin}\n{text}\n{END}'
    write_atomically(readme, content.replace(found[0], block))


def summary(results: StudyResults, page: str) -> str:
    """Values of each variant and how far its PQ is above the base's.

    Args:
        results: What was recorded.
        page: Link to the whole report.
    """
    base = results.study.base.label
    metrics = [m for m in results.metrics if m not in ('SQ', 'RQ')]
    rows = []
    for variant in results.complete:
        found = {} if variant.label == base else results.compare(variant.label, base)
        gap = difference_text(found['PQ']) if 'PQ' in found else '-'
        values = [spread_text(results.spread(variant.label, m)) for m in metrics]
        rows.append([variant.label, *values, gap])
    header = ['variant', *metrics, f'PQ above {base} [95 %]']
    seeds = ', '.join(map(str, results.study.seeds))
    missing = sum(map(len, results.missing().values()))
    lacking = f' (**{missing} runs are missing**)' if missing else ''
    origin = (
        f'Seeds {seeds}{lacking}; {results.distinct("date")}; '
        f'commit {results.commits()}'
    )
    note = f'{origin}. [Everything that was measured, and how]({page}).'
    return f'**{results.study.title}**\n\n{table(header, rows)}\n\n{note}'


def link(readme: Path, page: Path) -> str:
    """Path of a page as a README writes it."""
    return Path(os.path.relpath(page, readme.parent)).as_posix()
