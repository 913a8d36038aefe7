"""The report of a study: tables and figures in a folder of the documentation."""

from collections.abc import Sequence
from pathlib import Path

from mmpisr.files import write_atomically

from .learning import CURVES, LEARNED, draw_learning, learned_table
from .line_plot import draw_all_lines
from .plots import draw_bars, draw_differences
from .provenance import shown_path
from .records import RunRecords
from .results import StudyResults
from .study import Study
from .table_block import link, replace_block, summary
from .tables import cost_table, difference_table, value_table
from .time_ratios import FIELDS

LEGEND = (
    '95 % intervals of row minus reference: 1000 bootstrap resamples of seeds '
    "and of images, the same for both models; what seeds add is widened by Student's "
    't, as they are few. Bold: the interval excludes zero. With *: over seeds only, as '
    'the figure is no sum over images, or as scores of images are missing. That of one '
    'seed is over images alone, and never bold.'
)
LEARNED_BY = (
    f'Seeds that end with a balanced accuracy above {LEARNED} % on the two classes '
    'that each decider tells apart, and the iteration of the validation at which they '
    'first had it (median of those seeds). Who always answers one class has 50 %.'
)

COST = (
    'GMACs as `get_macs.py` counts. Seconds are those of the trainings, which may have '
    'run beside others: no measure of speed.'
)
TIMED = (
    "`predict_time` and `train_time` are in times of the base's; `benchmark_speed.py` "
    'measured them, with the models taking turns.'
)


def write_report(
    study: Study,
    *,
    records: RunRecords,
    docs: Path | None = None,
    into: Sequence[Path] = (),
) -> Path:
    """Write ``README.md`` and the figures; works while runs are missing.

    Args:
        study: What is reported.
        records: Of all studies.
        docs: Folder of the report; ``docs/results/NAME`` by default.
        into: Pages in which the study's table is replaced, see ``replace_block``.

    Returns:
        The page. The same records and fonts make the same bytes.

    Raises:
        ValueError: Nothing is recorded of the study as it is now; a page of ``into``
            has no place for its table.
    """
    results = StudyResults(study, records)
    docs = docs or Path('docs/results', study.name)
    if not results.complete:
        raise ValueError(
            f'{records.path} has no run of study {study.name!r} as it is now'
        )

    parts = [f'# {study.title}', _origin(results), _missing(results)]
    parts += ['## Values', 'Percent, mean ± standard deviation over seeds.']
    parts += [value_table(results), _figures(draw_bars(results, docs / 'values'))]
    parts += ['## Differences', LEGEND]
    for reference in dict.fromkeys([study.base.label, *study.compare_to]):
        parts += _comparison(results, reference, docs)
    parts += [_figures(paths) for paths in draw_all_lines(results, docs)]
    parts += _learning(results, docs)
    parts += ['## Cost', *_cost(results)]

    page = docs / 'README.md'
    write_atomically(page, '\n\n'.join(part for part in parts if part) + '\n')
    for other in into:
        replace_block(other, study.name, summary(results, link(other, page)))
    return page


def _comparison(results: StudyResults, reference: str, docs: Path) -> list[str]:
    """Table and figure of the differences to one variant."""
    if not results.runs[reference]:
        return [f'### Difference to {reference}', f'No run of {reference!r} yet.']
    found = {
        variant.label: results.compare(variant.label, reference)
        for variant in results.complete
        if variant.label != reference
    }
    found = {label: differences for label, differences in found.items() if differences}
    if not found:
        return []
    title = f'Difference to {reference}'
    folder = next(v.folder for v in results.study.variants if v.label == reference)
    drawn = {label: d['PQ'] for label, d in found.items() if 'PQ' in d}
    paths = draw_differences(drawn, title, docs / f'difference_to_{folder}')
    return [f'### {title}', difference_table(found), _figures(paths)]


def _cost(results: StudyResults) -> list[str]:
    found = cost_table(results)
    timed = any(field in found for field in FIELDS.values())
    return [f'{COST} {TIMED}' if timed else COST, found]


def _learning(results: StudyResults, docs: Path) -> list[str]:
    """What validation logged during the trainings; nothing where there was none."""
    figures = []
    for metric in CURVES:
        path = docs / f'{metric.lower()}_over_iterations'
        paths = draw_learning(results, metric, path)
        figures += [_figures(paths)] if paths else []
    if not figures:
        return []
    learned = learned_table(results)
    explained = [LEARNED_BY, learned] if learned else []
    return ['## Learned by iteration', *explained, *figures]


def _origin(results: StudyResults) -> str:
    """Command, seeds, commits, dates, data and machine of the recorded runs."""
    records = results.all_records()
    path = shown_path(results.study.file)

    distinct = results.distinct
    interrupted = sum(record.get('attempts', 1) > 1 for record in records)
    data = distinct('data')
    lines = [
        f'- seeds {", ".join(map(str, results.study.seeds))}; '
        f'{len(records)} runs of {distinct("iterations")} iterations, '
        f'{interrupted} of them interrupted and resumed',
        f'- commit {results.commits()}',
        f'- {distinct("date")}; torch {distinct("torch")}',
        f'- machine: {distinct("machine", "cpu")}, {distinct("cores")} cores, '
        f'{distinct("memory_gib")} GiB, '
        f'{distinct("threads")} threads a run, GPU {distinct("gpu")}',
        f'- data {data}' + (' (several: do not compare)' if ';' in data else ''),
    ]
    command = f'python tools/analysis_tools/study.py {path}'
    return f'```bash\n{command}\n{command} --report\n```\n\n' + '\n'.join(lines)


def _missing(results: StudyResults) -> str:
    missing = results.missing()
    if not missing:
        return ''
    parts = [f'{k}: {", ".join(map(str, v))}' for k, v in missing.items()]
    count = results.missing_count()
    return f'**Incomplete: {count}**; seeds of {"; ".join(parts)}.'


def _figures(paths: list[Path]) -> str:
    svg = paths[0]
    return f'![{svg.stem.replace("_", " ")}]({svg.name})'
