"""The trainings of a study, as models to explain."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpisr.apis.trained_model import TrainedModel
from mmpisr.studies.run_place import evaluation_options, run_folders
from mmpisr.studies.study import Study

from .examination import TrainedSeeds


def study_seeds(
    study: Study, label: str, *, runs: Path, options: Mapping[str, Any] | None = None
) -> TrainedSeeds:
    """Find what a study has trained under a label.

    Args:
        study: The study.
        label: One of its labels.
        runs: Folder of the studies' trainings.
        options: More ``--cfg-options``, such as ``data_root``.

    Raises:
        ValueError: The study has no such label, or no seed of it is trained.
    """
    folders = run_folders(study, label, runs)
    if not folders:
        raise ValueError(
            f'{study.file}: no training of {label!r} is finished in {runs}; make them '
            f'with study.py {study.file} --only {label!r} --again'
        )
    variant = study.find(label)
    return TrainedSeeds(
        label=label,
        config=variant.config,
        checkpoints=[
            TrainedModel(label, variant.config, folder).checkpoint
            for folder in folders.values()
        ],
        options={**evaluation_options(study, variant), **(options or {})},
    )
