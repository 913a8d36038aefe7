"""Train a family without and with PISR, from scratch and from the trained base."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config

from .comparison import Evaluation, evaluate
from .concurrent_training import train_together
from .learning_curves import Curve, read_curve
from .run_options import load_config
from .trained_model import TrainedModel

BASE, PISR = 'base', 'base + PISR'
COMPARED = 25
"""Images whose maps are compared pixel by pixel."""
TUNING_LR = 0.25
"""Learning rate of the fine-tuning, as a part of the training's. Our choice."""


class Family(NamedTuple):
    """A base config, and the one that adds PISR to it."""

    name: str
    base: Path
    pisr: Path


def train_family(
    family: Family,
    *,
    script: Path,
    out: Path,
    options: Mapping[str, object],
    tuning_iters: int,
    threads: int = 1,
) -> dict:
    """Train, warm-start, fine-tune, and write ``summary.json``.

    Every step goes on where an interrupted one stopped.

    Args:
        family: What to train.
        script: ``tools/train.py``.
        out: Folder of this family.
        options: ``--cfg-options`` of every training.
        tuning_iters: Iterations for which base and base + PISR are trained on, both
            from the trained base; 0: neither is.
        threads: CPU threads of each training.

    Returns:
        Curves of the trainings by phase and name, and how the warm start compares with
        the base before it is trained on.
    """
    summary: dict = {'family': family.name, 'curves': {}}
    scratch = _models(family, out / 'scratch')
    tuned = _models(family, out / 'tuned')

    train_together(scratch, script=script, options=options, threads=threads)
    summary['curves']['scratch'] = curves_of(scratch)

    if tuning_iters:
        base = scratch[0].checkpoint
        summary['warm_start'] = warm_start_difference(
            family, base, out=out / 'warm_start', options=options
        )
        tuning = {**options, **tuning_options(family.base, tuning_iters)}
        tuning['load_from'] = str(base)
        train_together(tuned, script=script, options=tuning, threads=threads)
        summary['curves']['tuned'] = curves_of(tuned)

    (out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    return summary


def tuning_options(config: Path, iterations: int) -> dict[str, object]:
    """Options for a short training at a lower learning rate, decayed to zero."""
    learning_rate = Config.fromfile(config).optim_wrapper.optimizer.lr
    return {
        'train_cfg.max_iters': iterations,
        'param_scheduler.1.end': iterations,
        'optim_wrapper.optimizer.lr': learning_rate * TUNING_LR,
    }


def warm_start_difference(
    family: Family, checkpoint: Path, *, out: Path, options: Mapping[str, object]
) -> dict:
    """Predict the test set with the base, and with PISR started from it.

    Returns:
        PQ of both on the whole set; of some images, evenly spaced, their number, and in
        how many of them a pixel differs.
    """
    evaluations = [
        _evaluate(config, checkpoint, out / name, options)
        for name, config in ((BASE, family.base), (PISR, family.pisr))
    ]
    pairs = zip(*(e.samples for e in evaluations), strict=True)
    maps = [[s.pred_panoptic_seg.sem_seg for s in pair] for pair in pairs]
    return {
        'PQ': {BASE: evaluations[0].metrics['PQ'], PISR: evaluations[1].metrics['PQ']},
        'images': len(maps),
        'images_that_differ': sum(not torch.equal(*pair) for pair in maps),
    }


def _evaluate(
    config: Path, checkpoint: Path, work_dir: Path, options: Mapping[str, object]
) -> Evaluation:
    cfg = load_config(str(config), work_dir=str(work_dir), options=options)
    cfg.load_from = str(checkpoint)
    cfg.log_level = 'WARNING'
    cfg.default_hooks.pop('reweighting', None)
    return evaluate(cfg, num_pictures=COMPARED)


def _models(family: Family, out: Path) -> list[TrainedModel]:
    return [
        TrainedModel(BASE, family.base, out / 'base'),
        TrainedModel(PISR, family.pisr, out / 'pisr'),
    ]


def curves_of(models: list[TrainedModel]) -> dict[str, Curve]:
    """PQ over the iterations of each training, by its name."""
    return {model.name: read_curve(model.work_dir) for model in models}
