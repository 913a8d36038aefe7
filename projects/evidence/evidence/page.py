"""The page of a study: one table, at most two figures, and where they are from."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from speed.page import markdown_table

from mmpisr.files import write_atomically

from .figures import draw_axis, draw_variants
from .records import read_records, shown_path, study_frame
from .statistics import difference_text, paired_difference, spread_text
from .study import Study

METRICS = 'PQ', 'PQ_th', 'PQ_st', 'mIoU', 'iIoU', 'AP', 'relation_acc'
RELATION = 'relation_acc_'
LEARNED = 75
"""Percent of a balanced choice of two from which on a relation counts as learned."""
END = '<!-- /study -->'
LEGEND = (
    'Percent: mean ± standard deviation over seeds. Differences are paired by seed, '
    "with 95 % intervals of Student's t over seeds; bold: the interval excludes zero."
)
LEARNED_LEGEND = (
    'A relation is learned where the balanced accuracy on the two classes that it '
    f'tells apart is above {LEARNED} % (chance: 50), counted over relations and seeds.'
)
COST_LEGEND = 'GMACs are of one validation image, as `get_macs.py` counts.'


def write_page(
    study: Study, *, records: Path, results: Path, into: Sequence[Path] = ()
) -> Path:
    """Write ``NAME.md`` and its figures; works while runs are missing.

    Args:
        study: What is reported.
        records: The file of all runs.
        results: Folder of the page.
        into: Pages in which the study's table is replaced, see ``replace_block``.

    Returns:
        The page. The same records and fonts make the same bytes.

    Raises:
        ValueError: Nothing is recorded of the study as it is now, or runs are of
            different data; a page of ``into`` has no place for the table.
    """
    frame = study_frame(study, read_records(records))
    page = results / f'{study.name}.md'
    figures = [draw_variants(study, frame, results / f'{study.name}.svg')]
    figures += draw_axis(study, frame, results / f'{study.name}_axis.svg')
    references = [study.base.label, *study.compare_to]
    legends = [LEGEND]
    if relations_of(frame):
        legends.append(LEARNED_LEGEND)
    parts = [
        f'# {study.title}',
        study_table(study, frame, references=references, with_cost=True),
        ' '.join([*legends, COST_LEGEND]),
        *(f'![{path.stem}]({path.name})' for path in figures),
        '## Origin',
        _origin(study, frame),
    ]
    write_atomically(page, '\n\n'.join(parts) + '\n')
    for other in into:
        replace_block(other, study.name, _summary(study, frame, page, other))
    return page


def study_table(
    study: Study,
    frame: pd.DataFrame,
    *,
    references: Sequence[str],
    with_cost: bool = False,
) -> str:
    """A row for each variant with a recorded run, as Markdown.

    Args:
        study: Gives the order of the rows.
        frame: Its runs, see ``study_frame``.
        references: Labels; the difference of PQ to each has a column.
        with_cost: Whether to show GMACs and parameters.
    """
    metrics = [m for m in METRICS if m in frame and frame[m].notna().any()]
    relations = relations_of(frame)
    header = ['variant', 'seeds', *metrics]
    header += ['relations learned'] * bool(relations)
    header += [f'PQ above {label} [95 %]' for label in references]
    header += ['GMACs', 'parameters'] * with_cost
    runs = {label: group.set_index('seed') for label, group in frame.groupby('label')}
    rows = []
    for variant in study.variants:
        if variant.label not in runs:
            continue
        own = runs[variant.label]
        name = f'{variant.label} (control)' if variant.control else variant.label
        row = [name, str(len(own)), *(spread_text(own[m]) for m in metrics)]
        if relations:
            values = own[relations].stack()
            row.append(f'{(values > LEARNED).sum()}/{len(values)}')
        for label in references:
            other = runs.get(label)
            is_self = other is None or label == variant.label
            row.append('-' if is_self else _gap(own, other))
        if with_cost:
            row += [f'{own["gmacs"].mean():.3f}', f'{own["parameters"].mean():,.0f}']
        rows.append(row)
    return '\n'.join(markdown_table(header, rows))


def relations_of(frame: pd.DataFrame) -> list[str]:
    """Columns with the accuracy of a single relation, where it was measured."""
    found = frame.dropna(axis='columns', how='all')
    return sorted(column for column in found if str(column).startswith(RELATION))


def replace_block(page: Path, name: str, text: str) -> None:
    """Put a text between ``<!-- study:NAME -->`` and ``<!-- /study -->``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file lacks the marks or has them more than once; names it.
    """
    begin = f'<!-- study:{name} -->'
    if not page.is_file():
        raise FileNotFoundError(f'{page}: no such file to put a table into')
    content = page.read_text()
    block = f'{re.escape(begin)}((?!<!-- study:).)*?{re.escape(END)}'
    closed = len(re.findall(block, content, re.DOTALL))
    if not closed == content.count(begin) == 1:
        raise ValueError(
            f'{page}: needs {begin!r} once with {END!r} after it, has '
            f'{content.count(begin)}, of which {closed} with an end'
        )
    new = f'{begin}\n{text}\n{END}'
    write_atomically(page, re.sub(block, lambda _: new, content, flags=re.DOTALL))


def missing_runs(study: Study, frame: pd.DataFrame) -> dict[str, list[int]]:
    """Seeds that are not recorded, of each label that lacks one."""
    recorded = {*zip(frame['label'], frame['seed'], strict=True)}
    missing = {
        variant.label: [s for s in study.seeds if (variant.label, s) not in recorded]
        for variant in study.variants
    }
    return {label: seeds for label, seeds in missing.items() if seeds}


def _summary(study: Study, frame: pd.DataFrame, page: Path, other: Path) -> str:
    """The table and its origin in a sentence, for another page."""
    link = Path(os.path.relpath(page, other.parent)).as_posix()
    found = study_table(study, frame, references=[study.base.label])
    note = f'{_seeds(study, frame)}; {_distinct(frame, "date")}; {_commits(frame)}.'
    return f'**{study.title}**\n\n{found}\n\n{note} [All figures, and how]({link}).'


def _gap(own: pd.DataFrame, other: pd.DataFrame) -> str:
    return difference_text(paired_difference(own['PQ'], other['PQ']))


def _origin(study: Study, frame: pd.DataFrame) -> str:
    """Command, seeds, commits, dates, data and machine of the recorded runs."""
    script, path = Path(__file__).resolve().parents[1], shown_path(study.path)
    command = f'python {shown_path(script)}'
    interrupted = int((frame['attempts'] > 1).sum())
    lines = [
        _seeds(study, frame),
        *(
            f'missing: {label}, seeds {", ".join(map(str, seeds))}'
            for label, seeds in missing_runs(study, frame).items()
        ),
        f'{len(frame)} runs of {_distinct(frame, "iterations")} iterations, '
        f'{interrupted} of them interrupted and resumed',
        f'{_commits(frame)}, {_distinct(frame, "date")}, torch '
        f'{_distinct(frame, "torch")}, data {_distinct(frame, "data")}',
        f'{_distinct(frame, "machine", "cpu")}, {_distinct(frame, "cores")} cores, '
        f'{_distinct(frame, "memory_gib")} GiB, {_distinct(frame, "threads")} threads '
        f'a run, GPU {_distinct(frame, "gpu")}',
    ]
    commands = f'```bash\n{command}/run.py {path}\n{command}/report.py {path}\n```'
    return f'{commands}\n\n' + '\n'.join(f'- {line}' for line in lines)


def _seeds(study: Study, frame: pd.DataFrame) -> str:
    count = sum(map(len, missing_runs(study, frame).values()))
    missing = f' (**{count} {"run is" if count == 1 else "runs are"} missing**)'
    return f'Seeds {", ".join(map(str, study.seeds))}' + missing * (count > 0)


def _commits(frame: pd.DataFrame) -> str:
    changed = frame['dirty'].map({True: ' with changes'}).fillna('')
    commits = (
        frame['commit']
        .astype(str)
        .str.replace(r'([0-9a-f]{10})[0-9a-f]{30}', r'\1', regex=True)
    )
    return f'commit {"; ".join(sorted({*(commits + changed)}))}'


def _distinct(frame: pd.DataFrame, *fields: str) -> str:
    """What the runs have in some fields, each combination once."""
    rows = frame[[*fields]].astype(object)
    rows = rows.where(rows.notna(), None).itertuples(index=False)
    return '; '.join(sorted({', '.join(map(str, row)) for row in rows}))
