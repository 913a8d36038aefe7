"""The records of finished runs: one line of json each, and a table of a study's."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from mmpisr.apis.run_options import load_config
from mmpisr.json_lines import JsonLines
from mmpisr.mim import mim_root

from .identity import evaluation_digest, training_digest
from .study import Study, Variant


class RunKey(NamedTuple):
    """What a run is known by, whatever study asks for it.

    Attributes:
        training: Name of its config and digest of the whole of it.
        test: Digest of what is tested.
        seed: Of the training.
    """

    training: str
    test: str
    seed: int


def shown_path(path: Path) -> str:
    """A path relative to the root of the checkout, or absolute outside it."""
    path, root = path.resolve(), mim_root().resolve()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def identify(study: Study, variant: Variant) -> tuple[str, str]:
    """``training`` and ``test`` of a variant's runs."""
    cfg = load_config(str(variant.config), options=variant.training)
    if variant.starts_from:
        cfg.load_from, _ = identify(study, study.find(variant.starts_from))
    training = f'{variant.config.stem}-{training_digest(cfg)}'
    return training, evaluation_digest(
        load_config(str(variant.config), options=variant.test)
    )


def read_records(path: Path) -> dict[RunKey, dict[str, Any]]:
    """Read ``runs.jsonl``; empty where there is no such file.

    Raises:
        ValueError: A line is no record of a run, a merge's mark for example.
    """
    records: dict[RunKey, dict[str, Any]] = {}
    for number, (_, line) in enumerate(JsonLines(path), 1):
        try:
            record = json.loads(line)
            key = RunKey(*(record[field] for field in RunKey._fields))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f'{path}: line {number}: no record of a run: {line[:60]!r}'
            ) from error
        records.setdefault(key, record)
    return records


def study_frame(study: Study, records: dict[RunKey, dict[str, Any]]) -> pd.DataFrame:
    """A row for each recorded run of a study, with its ``label``; in the study's order.

    Raises:
        ValueError: Nothing is recorded of the study as it is now, or its runs are of
            different data.
    """
    rows = []
    for variant in study.variants:
        place = identify(study, variant)
        for seed in study.seeds:
            if record := records.get(RunKey(*place, seed)):
                rows.append({'label': variant.label, **record})
    if not rows:
        raise ValueError(f'no run of {study.path}, as it is now, is recorded')
    frame = pd.DataFrame(rows)
    if frame['data'].nunique() > 1:
        counts = frame['data'].value_counts().to_dict()
        raise ValueError(
            f'{study.path}: the recorded runs are of different data (runs by digest: '
            f'{counts}), so they cannot be compared'
        )
    return frame
