"""PQ over what variants differ in, as a table: K, the learning rate."""

from .learning import learned_count
from .line_plot import lines_of
from .results import StudyResults
from .study import Variant
from .tables import spread_text, table


def line_table(results: StudyResults) -> str:
    """PQ at each place of the study's own axis: a row a line, below the base's.

    Below a line of trainings, not of tests alone, stands how many relations they
    learned, of all seeds together. Empty where no variant is on such an axis.
    """
    lines = {name: dict(points) for name, points in lines_of(results, None).items()}
    if not lines:
        return ''
    places = sorted({x for line in lines.values() for x in line})
    rows = []
    base = results.study.base
    if base.x is None and results.runs[base.label]:
        rows.append([base.label, *[_pq(results, base)] * len(places)])
    for name, line in lines.items():
        found = [line.get(x) for x in places]
        pq = [_pq(results, variant) if variant else '-' for variant in found]
        rows.append([name, *pq])
        if any(variant.trained_as for variant in line.values()):
            continue
        learned = [learned_count(results, v.label) if v else '-' for v in found]
        if any(text.strip('-') for text in learned):
            rows.append(['relations learned', *learned])
    return table([f'PQ, {results.study.x_label} =', *(f'{x:g}' for x in places)], rows)


def _pq(results: StudyResults, variant: Variant) -> str:
    return spread_text(results.spread(variant.label, 'PQ'))
