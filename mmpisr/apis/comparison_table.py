"""Metrics of several models as a table of text."""

from collections.abc import Mapping

COLUMNS = ('PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU')


def comparison_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Put a row a model, then the last one's difference to the first.

    Args:
        results: Metrics in percent by model; a column that a model lacks shows ``-``.
    """
    width = max(len(name) for name in (*results, 'difference'))
    rows = [f'{"":{width}}' + ''.join(f'{name:>8}' for name in COLUMNS)]
    rows += [_row(name, metrics, width) for name, metrics in results.items()]
    if len(results) > 1:
        first, *_, last = results.values()
        gains = {name: last[name] - first[name] for name in COLUMNS if name in first}
        rows.append(_row('difference', gains, width, form='+.2f'))
    return '\n'.join(rows)


def _row(name: str, metrics: Mapping[str, float], width: int, form: str = '.2f') -> str:
    cells = (format(metrics[c], form) if c in metrics else '-' for c in COLUMNS)
    return f'{name:{width}}' + ''.join(f'{cell:>8}' for cell in cells)
