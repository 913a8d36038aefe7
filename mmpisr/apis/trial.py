"""Train a base and base + PISR on a dataset, and say whether PISR helps there."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import ttest_1samp

from mmpisr.command_line import run_tool
from mmpisr.files import write_atomically
from mmpisr.mim import mim_root

from .commands import exit_on_sigterm
from .comparison import comparison_table, draw_comparison, evaluate_config
from .run_options import load_config, use_told_classes
from .trainings import TrainingRun, last_checkpoint, train_together, training_logs

BASE, PISR = 'base', 'base + PISR'
TOLD = 'base, told the classes'
PROBE = 12  # iterations that measure the speed
LEAST = 100  # iterations of a training
SHARE = 0.8  # of the minutes is for training, the rest for testing
WORTHWHILE = 1.0  # PQ
ENOUGH = 600  # iterations; after fewer, a relation may not have learned yet


class Gain(NamedTuple):
    """Difference of PQ over seeds, with its 95 % interval by Student's t."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, differences: Sequence[float]) -> 'Gain':
        """Of the differences of each seed; one seed has an endless interval."""
        if len(differences) == 1:
            return cls(differences[0], -np.inf, np.inf)
        interval = ttest_1samp(differences, 0).confidence_interval(0.95)
        return cls(float(np.mean(differences)), *map(float, interval))

    def __str__(self) -> str:
        """``+1.20 PQ [-0.30, +2.70]``."""
        if not np.isfinite(self.low):
            return f'{self.mean:+.2f} PQ (one seed, so no interval)'
        return f'{self.mean:+.2f} PQ [{self.low:+.2f}, {self.high:+.2f}]'


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``mmpisr try``."""
    parser = ArgumentParser(
        prog='mmpisr try',
        description='Train a base and base + PISR on your data for some minutes, '
        'compare them, and say whether PISR is worth it there. If interrupted, run the '
        'same command again to continue.',
    )
    add = parser.add_argument
    add('data', metavar='DATA', help='folder in the format of COCO panoptic')
    add('--out', type=Path, required=True, help='folder of configs, models and results')
    folders: dict[str, Any] = dict(nargs=2, metavar=('TRAIN', 'VAL'))
    add('--images', **folders, help='folders of the images, if they are elsewhere')
    add('--minutes', type=float, default=60, help='of everything together (60)')
    add('--seeds', type=int, default=3, help='trainings of each model (3)')
    pretrained = 'MobileNetV2 of ImageNet; without it a ResNet-18 starts from nothing'
    add('--weights', metavar='FILE', help=pretrained)
    exit_on_sigterm()
    run_tool(parser, try_relation, argv)


def try_relation(
    data: str,
    *,
    out: Path,
    images: Sequence[str] | None = None,
    minutes: float = 60,
    seeds: int = 3,
    weights: str | None = None,
) -> dict[str, Any]:
    """Validate, write configs, train, compare, draw; print what follows.

    Args:
        data: See ``tools/dataset_converters/write_configs.py``.
        out: Gets the configs, the models, four pictures and ``summary.json``.
        images: Folders of the images of train and val.
        minutes: Of trainings and tests together.
        seeds: Trainings of each model.
        weights: Checkpoint of the MobileNetV2 backbone.

    Returns:
        The content of ``summary.json``.

    Raises:
        ValueError: The dataset has errors, the time is too short, or ``out`` is of
            another trial.
    """
    if seeds < 1:
        raise ValueError(f'--seeds is {seeds}; it must be at least 1')
    given = dict(data=data, images=images, minutes=minutes, seeds=seeds)
    settings = dict(given, weights=weights)
    plan_file = out / 'plan.json'
    plan = json.loads(plan_file.read_text()) if plan_file.is_file() else {}
    if plan and plan['settings'] != settings:
        raise ValueError(
            f'{out} is of the trial {plan["settings"]}, not {settings}; give another '
            '--out, or the same flags to continue'
        )
    print('1/4 Configs, and a check of the data')
    kind = 'mobilenetv2' if weights else 'r18'
    flags = [f'--write-config={out / "data.py"}', f'--model={kind}-slim']
    flags += [f'--weights={weights}'] if weights else []
    flags += ['--images', *images] if images else []
    iterations = [f'--max-iters={plan["iterations"]}'] if plan else []
    _run_tool('dataset_converters/write_configs.py', data, *flags, *iterations)
    base = out / f'panoptic-deeplab_{kind}-slim_data.py'
    configs = {BASE: base, PISR: base.with_name(f'pisr_{base.name}')}
    jobs = 1 if torch.cuda.is_available() else os.cpu_count() or 1
    if not plan:
        _run_tool('validate_dataset.py', str(out / 'data.py'))
        rate = _seconds_of_iteration(configs, out / 'probe')
        plan = dict(settings=settings)
        plan['iterations'] = _iterations(minutes, min(jobs, 2 * seeds) / seeds / rate)
        iterations = [f'--max-iters={plan["iterations"]}']
        _run_tool('dataset_converters/write_configs.py', data, *flags, *iterations)
        write_atomically(plan_file, json.dumps(plan, indent=2))

    runs = {
        (seed, name): TrainingRun(
            f'{name}, seed {seed}',
            config,
            out / f'{config.stem}_seed{seed}',
            {'randomness.seed': seed},
        )
        for seed in range(seeds)
        for name, config in configs.items()
    }
    print(f'2/4 {len(runs)} trainings of {plan["iterations"]} iterations')
    train_together([*runs.values()], script=_tool('train.py'), jobs=jobs)

    print('3/4 Testing')
    scores, drawn = _test(runs)
    draw_comparison(drawn, out)
    print('4/4 Result, percent, mean of the seeds')
    means = {name: _mean([*of.values()]) for name, of in scores.items()}
    print(comparison_table({name: means[name] for name in (BASE, PISR)}))
    gains = {
        name: Gain.of(
            [scores[name][s]['PQ'] - scores[BASE][s]['PQ'] for s in range(seeds)]
        )
        for name in (PISR, TOLD)
    }
    sentences = [verdict(gains[PISR], plan['iterations']), bound_text(gains[TOLD])]
    known = {k: [v if np.isfinite(v) else None for v in g] for k, g in gains.items()}
    summary = dict(plan, scores=scores, gains=known, conclusion=' '.join(sentences))
    write_atomically(out / 'summary.json', json.dumps(summary, indent=2))
    print('\n'.join(sentences))
    print(f'Configs, models, pictures and summary.json are in {out}')
    return summary


def verdict(gain: Gain, iterations: int) -> str:
    """Say what the gain of PISR means for its user, after so long a training."""
    if gain.low > 0:
        return f'Worth it here: PISR changes the base by {gain}.'
    if iterations < ENOUGH:
        return (
            f'Not decided by so short trainings: PISR changes the base by {gain} after '
            f'{iterations} iterations. Give more --minutes, for at least {ENOUGH}.'
        )
    if gain.high < WORTHWHILE:
        return (
            f'Not worth it here: PISR changes the base by {gain}, so that a gain of '
            f'{WORTHWHILE:g} PQ is improbable.'
        )
    return (
        f'Not decided by so little data: PISR changes the base by {gain}. More '
        '--seeds, --minutes or images make the interval narrower.'
    )


def bound_text(gain: Gain) -> str:
    """Say what relations can gain at most."""
    return (
        f'A base that knows which classes an image shows changes by {gain}: '
        'relations between classes can hardly gain more.'
    )


def _tool(name: str) -> Path:
    return mim_root() / 'tools' / name


def _run_tool(name: str, *flags: str) -> None:
    """Run one of the tools; its output is shown."""
    done = subprocess.run([sys.executable, str(_tool(name)), *flags])
    if done.returncode:
        raise ValueError(f'tools/{name} has failed, see above')


def _seconds_of_iteration(configs: Mapping[str, Path], folder: Path) -> float:
    """Seconds of one iteration of each model, added up."""
    runs = [TrainingRun(name, path, folder / name) for name, path in configs.items()]
    options = {'train_cfg.max_iters': PROBE, 'default_hooks.logger.interval': 1}
    train_together(runs, script=_tool('train.py'), options=options)
    times = [
        [line['time'] for log in training_logs(r.work_dir) for line in log]
        for r in runs
    ]
    return sum(float(np.median(one)) for one in times)


def _iterations(minutes: float, rate: float) -> int:
    """Iterations of a training, in tens.

    Args:
        minutes: Of everything together.
        rate: Iterations in a second that each training makes of all.

    Raises:
        ValueError: There are too few.
    """
    found = int(minutes * 60 * SHARE * rate) // 10 * 10
    if found < LEAST:
        needed = minutes * LEAST / max(found, 1)
        raise ValueError(
            f'{minutes:g} minutes are enough for {found} iterations, a training needs '
            f'at least {LEAST}: give --minutes {needed:.0f}, or fewer --seeds'
        )
    return found


def _test(runs: Mapping[tuple[int, str], TrainingRun]) -> tuple[dict, dict]:
    """Metrics by model and seed; and the drawn images of the first seed, by model."""
    scores: dict[str, dict[int, dict[str, float]]] = {}
    drawn = {}
    for (seed, name), run in runs.items():
        for label in (name, TOLD) if name == BASE else (name,):
            work_dir = str(run.work_dir / ('told' if label == TOLD else 'test'))
            cfg = load_config(str(run.config), work_dir=work_dir)
            cfg.update(load_from=str(last_checkpoint(run.work_dir)), log_level='ERROR')
            if label == TOLD:
                use_told_classes(cfg)
            first = seed == 0 and label != TOLD
            evaluation = evaluate_config(cfg, num_pictures=4 if first else 0)
            scores.setdefault(label, {})[seed] = evaluation.metrics
            if first:
                drawn[label] = evaluation
    return scores, drawn


def _mean(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    keys = set(metrics[0]).intersection(*metrics)
    return {key: float(np.mean([one[key] for one in metrics])) for key in keys}
