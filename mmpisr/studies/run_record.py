"""What a finished run is remembered by."""

from typing import Any

from mmpisr.apis.training_log import read_curves, training_time

from .model_cost import model_cost
from .study_run import StudyRun


def run_record(run: StudyRun) -> dict[str, Any]:
    """Gather the line of ``runs.jsonl``.

    Args:
        run: A complete run.

    Returns:
        Commit, machine, options and digest of the data when the training
        started, and the date when it ended; all metrics in percent; what validation
        logged over iterations; time, memory, and cost of what was tested.
    """
    time = training_time(run.folder)
    cost = model_cost(run.evaluation_config())
    return dict(
        **run.read(),
        tested_with=dict(run.variant.options) if run.variant.trained_as else {},
        curves=read_curves(run.folder),
        iterations=run.training_config().train_cfg.max_iters,
        training_seconds=round(time.seconds, 1),
        seconds_per_iteration=round(time.seconds_per_iteration, 4),
        attempts=time.attempts,
        gmacs=round(cost.gmacs, 4),
        macs_shape=list(cost.shape),
        parameters=cost.parameters,
    )
