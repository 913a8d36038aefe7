"""Run what is missing of a study."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mmpisr.apis.training_progress import TrainingProgress
from mmpisr.processes.process_queue import Failure, run_queue

from .data_digest import data_digest
from .records import RunRecords
from .run_place import place_of
from .run_record import run_record
from .study import Study, Variant
from .study_run import Scripts, StudyRun


def run_study(
    study: Study,
    *,
    out: Path,
    records: RunRecords,
    scripts: Scripts,
    jobs: int | None = None,
    threads: int = 1,
    only: Sequence[str] = (),
    again: bool = False,
    data_root: str | None = None,
    poll_seconds: float = 1.0,
) -> list[Failure]:
    """Train, test and record every run that the records do not have.

    Can be killed at any point and repeated: recorded runs are left alone, others go on
    from their checkpoints. What another study has trained is not trained again. Seeds
    come before variants, so that an interrupted study has whole rows to compare.

    Args:
        study: What to run.
        out: Folder of all studies' trainings.
        records: Of all studies.
        scripts: Of training and test.
        jobs: Runs at once; None: as many as ``threads`` fit into the cores.
        threads: CPU threads of each.
        only: Labels to run; none: all.
        again: Run recorded runs too, unless ``out`` has them; one with other metrics
            than its record has failed.
        data_root: Replaces the configs', and is not part of what is recorded.
        poll_seconds: Time between two looks at the processes.

    Returns:
        The runs that failed.

    Raises:
        ValueError: ``only`` names an unknown label; the records are of other data.
        FileNotFoundError: There is no data for what is to be run.
    """
    labels = [variant.label for variant in study.variants]
    if unknown := [label for label in only if label not in labels]:
        raise ValueError(f'--only {unknown}: no labels of the study, it has {labels}')
    wanted = [v for v in study.variants if not only or v.label in only]
    place = cache(lambda label: place_of(study, study.find(label), out))

    def record(run: StudyRun) -> None:
        records.append(run.key, run_record(run), run.scores_file)

    def make_run(variant: Variant, seed: int) -> StudyRun:
        source = study.source_of(variant)
        return StudyRun(
            *(study, variant, seed),
            place=place(variant.label),
            scripts=scripts,
            data_root=data_root,
            threads=threads,
            record=record,
            source=make_run(source, seed) if source else None,
        )

    runs = [make_run(variant, seed) for seed in study.seeds for variant in wanted]
    missing = [run for run in runs if again or not records.find(run.key)]
    _check_data(runs, missing, records)
    return run_queue(
        missing,
        jobs=jobs or max(1, (os.cpu_count() or 1) // threads),
        threads=threads,
        poll_seconds=poll_seconds,
        show=_progress(missing, len(runs) - len(missing)),
    )


def _progress(missing: Sequence[StudyRun], recorded: int) -> TrainingProgress:
    """Of the runs that are not recorded yet; equal trainings are as long."""
    variants = {run.place.training: run for run in missing}
    lengths = {
        training: run.training_config().train_cfg.max_iters
        for training, run in variants.items()
    }
    totals = {run.folder: lengths[run.place.training] for run in missing}
    return TrainingProgress(totals, finished=recorded)


def _check_data(
    runs: Sequence[StudyRun], missing: Sequence[StudyRun], records: RunRecords
) -> None:
    """Refuse records of other data than there are now, and missing runs without any."""
    for run in {run.variant.config: run for run in missing}.values():
        data_digest(run.training_config())
    found = {}
    for run in runs:
        if record := records.find(run.key):
            found[run.variant.config] = run, record['data']
    for run, recorded in found.values():
        try:
            data = data_digest(run.training_config())
        except FileNotFoundError:
            continue
        if data != recorded:
            raise ValueError(
                f'{records.path}: data: {run.name} was trained with {recorded}, there '
                f'is now {data}; give another --records'
            )
