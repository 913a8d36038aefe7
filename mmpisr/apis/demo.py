"""The demo: train the base and base + PISR on embedded scenes, show the difference."""

import json
import os
import platform
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config

from mmpisr import __version__
from mmpisr.datasets import merge_options
from mmpisr.datasets.scenes import generate_scenes
from mmpisr.visualization import side_by_side

from .comparison import Evaluation, comparison_table, evaluate, latest_checkpoint
from .concurrent_training import Training, train_together

PICTURES = (0, 20, 40, 60, 80)
"""Which images of the evaluation set are drawn: evenly spaced, not picked."""


def run_demo(
    configs: Mapping[str, Path],
    *,
    script: Path,
    data_root: Path,
    out: Path,
    seed: int = 0,
    num_scenes: tuple[int, int] = (400, 100),
    options: Mapping[str, object] | None = None,
) -> dict:
    """Generate, train side by side, evaluate, draw, and write ``summary.json``.

    Every step goes on where an interrupted one stopped.

    Args:
        configs: Config by the name of the model, the base first.
        script: ``tools/train.py``.
        data_root: Where the scenes are, or will be.
        out: Where everything else goes.
        seed: Of all trainings.
        num_scenes: Scenes to train on and to evaluate on.
        options: More ``--cfg-options`` for all trainings.

    Returns:
        What ``summary.json`` holds.
    """
    print(f'1/4 Embedded scenes in {data_root} (20 s the first time)')
    generate_scenes(data_root, num_train=num_scenes[0], num_val=num_scenes[1])

    print(f'2/4 Training {" and ".join(configs)} side by side (about 8 minutes)')
    options = {'data_root': data_root, 'randomness.seed': seed, **(options or {})}
    runs = [Training(name, config, out / name) for name, config in configs.items()]
    seconds = train_together(runs, script=script, options=options)

    print(f'3/4 Evaluation on {num_scenes[1]} scenes that were not trained on')
    pictures = [index for index in PICTURES if index < num_scenes[1]]
    evaluations = {
        run.name: evaluate(_test_config(run, options), pictures=pictures)
        for run in runs
    }

    print(f'4/4 Pictures and summary in {out}')
    _draw(evaluations, pictures, out)
    summary = _summary(runs, evaluations, seconds, options)
    (out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    print(comparison_table({name: e.metrics for name, e in evaluations.items()}))
    return summary


def _test_config(run: Training, options: Mapping[str, object]) -> Config:
    cfg = Config.fromfile(run.config)
    merge_options(cfg, {**options, 'test_evaluator.miou': True})
    cfg.load_from = str(latest_checkpoint(run.work_dir))
    cfg.work_dir = str(run.work_dir / 'test')
    cfg.log_level = 'WARNING'
    return cfg


def _draw(
    evaluations: Mapping[str, Evaluation], pictures: list[int], out: Path
) -> None:
    """A picture per image, and the newest chart of the reweighting scores."""
    for column, index in enumerate(pictures):
        samples = {name: e.samples[column] for name, e in evaluations.items()}
        meta = next(iter(evaluations.values())).dataset_meta
        picture = picture_of(samples, meta)
        mmcv.imwrite(picture[..., ::-1], str(out / f'picture_{index:03d}.png'))
    charts = sorted(out.glob('*/test/*/vis_data/vis_image/reweighting*.png'))
    if charts:
        shutil.copyfile(charts[-1], out / 'reweighting_scores.png')


def picture_of(samples: Mapping[str, DetDataSample], meta: dict) -> np.ndarray:
    """The image, its truth, and what each model predicts, RGB uint8 ``(H, W, 3)``.

    Args:
        samples: Predictions for one image by model, with ``gt_panoptic_seg``.
        meta: Classes and palette.
    """
    first = next(iter(samples.values()))
    image = mmcv.imread(first.img_path, channel_order='rgb')
    maps = {'truth': first.gt_panoptic_seg.sem_seg[0].cpu().numpy()}
    for name, sample in samples.items():
        maps[name] = sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()
    return side_by_side(image, maps, meta)


def _summary(
    runs: list[Training],
    evaluations: Mapping[str, Evaluation],
    seconds: Mapping[str, float],
    options: Mapping[str, object],
) -> dict:
    """Everything needed to judge and to repeat the run."""
    return {
        'date': date.today().isoformat(),
        'machine': f'{platform.machine()}, {os.cpu_count()} CPU cores',
        'versions': {'mmpisr': __version__, 'torch': torch.__version__},
        'options': {key: str(value) for key, value in options.items()},
        'models': {
            run.name: {
                'config': str(run.config),
                'checkpoint': str(latest_checkpoint(run.work_dir)),
                'parameters': evaluations[run.name].parameters,
                'seconds_beside_the_others': round(seconds[run.name], 1),
                'metrics': evaluations[run.name].metrics,
            }
            for run in runs
        },
    }
