"""How long a study's variants take, in times of its base: measured once, kept."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpisr.files import write_atomically

from .run_place import place_of
from .study import Study

Ratios = Mapping[str, float]
"""``predict_time`` and ``train_time``, or one of them; 1 for the base."""
FIELDS = dict(predict='predict_time', train='train_time')


class TimeRatios:
    """Ratios of times of the variants of a study.

    They are known by what is trained and tested, so that those of a variant that has
    changed since are no longer found.

    Args:
        path: Json that ``write_time_ratios`` wrote; it need not exist.

    Raises:
        ValueError: The file is something else.
    """

    def __init__(self, path: Path) -> None:
        self._found: dict[tuple[str, str], Ratios] = {}
        if not path.is_file():
            return
        try:
            for row in json.loads(path.read_text())['rows']:
                key = row['training'], row['test']
                self._found[key] = {f: row[f] for f in FIELDS.values() if f in row}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{path}: no ratios of times: {error!r}') from error

    def find(self, training: str, test: str, field: str) -> float | None:
        """``predict_time`` or ``train_time``, None where it was not measured."""
        return self._found.get((training, test), {}).get(field)


def write_time_ratios(
    path: Path,
    study: Study,
    ratios: Mapping[str, Mapping[str, Sequence[float]]],
    about: Mapping[str, Any],
) -> None:
    """Keep the ratios of a benchmark.

    Args:
        path: Json file.
        study: Whose variants were timed, the base first.
        ratios: By ``'predict'`` or ``'train'`` and label, as ``speed.ratios`` gives
            them: lower quartile, median, upper quartile.
        about: Command, machine and code.
    """
    rows = []
    for label in next(iter(ratios.values())):
        place = place_of(study, study.find(label), Path())
        row = dict(label=label, training=place.training, test=place.test)
        times = {FIELDS[work]: float(r[label][1]) for work, r in ratios.items()}
        rows.append({**row, **times})
    text = json.dumps({**about, 'rows': rows}, indent=1)
    write_atomically(path, f'{text}\n')
