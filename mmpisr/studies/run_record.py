"""What a finished run is remembered by."""

from datetime import date
from typing import Any

from mmpisr.apis.learning_curves import read_curve

from .data_digest import data_digest
from .model_cost import model_cost
from .provenance import machine
from .study import Study
from .study_run import StudyRun
from .training_log import training_time


def run_record(study: Study, run: StudyRun, *, threads: int) -> dict[str, Any]:
    """Gather the line of ``runs.jsonl``.

    Args:
        study: Of the run.
        run: A complete run.
        threads: CPU threads of its training.

    Returns:
        Names, options, commit at its first start, digest of the data, all metrics in
        percent, the curve of PQ over iterations, time, memory, cost and machine.
    """
    cfg = run.config()
    time = training_time(run.folder)
    cost = model_cost(cfg)
    started, trained, tested = map(run.read, ('run', 'trained', 'tested'))
    return dict(
        study=study.name,
        **run.identity,
        commit=started['commit'],
        dirty=started['dirty'],
        data=data_digest(cfg),
        metrics=tested['metrics'],
        curve=read_curve(run.folder),
        iterations=cfg.train_cfg.max_iters,
        training_seconds=round(time.seconds, 1),
        seconds_per_iteration=round(time.seconds_per_iteration, 4),
        attempts=time.attempts,
        peak_memory_mib=trained['peak_memory_mib'],
        gmacs=round(cost.gmacs, 4),
        macs_shape=list(cost.shape),
        parameters=cost.parameters,
        threads=threads,
        **machine(),
        date=date.today().isoformat(),
    )
