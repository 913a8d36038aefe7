"""Evaluate trained models on the same images and put the answers side by side."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils import ProgressBar

from mmpisr import __version__
from mmpisr.engine.checkpoint import checkpoint_trust

from .pictures import draw_comparison
from .run_options import load_config
from .trained_model import TrainedModel

COLUMNS = 'PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU'


class Evaluation(NamedTuple):
    """What one model makes of a data set."""

    metrics: dict[str, float]
    """Every figure of the evaluator, in percent, without its prefix."""
    samples: list[DetDataSample]
    """Predictions for the images that were asked for."""
    parameters: int
    """Learned numbers of the model."""
    dataset_meta: dict
    """Classes and palette."""


def compare(
    models: Sequence[TrainedModel],
    *,
    out: Path,
    num_pictures: int = 5,
    options: Mapping[str, object] | None = None,
    notes: Mapping[str, object] | None = None,
) -> dict:
    """Evaluate models, print a table, draw, and write ``summary.json``.

    Args:
        models: What to compare, the base first.
        out: Folder of the pictures, the chart of reweighting scores and the summary.
        num_pictures: Images to draw, evenly spaced over the test set, not picked.
        options: ``--cfg-options`` of all of them.
        notes: More entries for the summary.

    Returns:
        What ``summary.json`` holds.
    """
    evaluations = {
        model.name: evaluate(_test_config(model, options), num_pictures=num_pictures)
        for model in models
    }
    predictions = {name: e.samples for name, e in evaluations.items()}
    meta = evaluations[models[0].name].dataset_meta
    draw_comparison(predictions, meta, out)
    charts = sorted(out.glob('*/test/*/vis_data/vis_image/reweighting*.png'))
    if charts:
        shutil.copyfile(charts[-1], out / 'reweighting_scores.png')

    summary = {
        'date': date.today().isoformat(),
        'machine': f'{platform.machine()}, {os.cpu_count()} CPU cores',
        'versions': {'mmpisr': __version__, 'torch': torch.__version__},
        'options': {key: str(value) for key, value in (options or {}).items()},
        **(notes or {}),
        'models': {
            model.name: {
                'config': str(model.config),
                'checkpoint': str(model.checkpoint),
                'parameters': evaluations[model.name].parameters,
                'metrics': evaluations[model.name].metrics,
            }
            for model in models
        },
    }
    (out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    print(comparison_table({name: e.metrics for name, e in evaluations.items()}))
    return summary


def evaluate(cfg: Config, *, num_pictures: int = 0) -> Evaluation:
    """Test what ``cfg.load_from`` names and keep the predictions of some images.

    Args:
        cfg: A test config with ``work_dir`` and ``load_from``.
        num_pictures: How many, evenly spaced over the test set.
    """
    runner = Runner.from_cfg(cfg)
    runner.register_hook(ProgressBarHook())
    with checkpoint_trust():
        metrics = runner.test()
    dataset = runner.test_dataloader.dataset
    step = max(1, len(dataset) // max(1, num_pictures))
    with torch.no_grad():
        samples = [
            runner.model.test_step(pseudo_collate([dataset[index]]))[0]
            for index in range(0, len(dataset), step)[:num_pictures]
        ]
    return Evaluation(
        metrics={name.rpartition('/')[2]: value for name, value in metrics.items()},
        samples=samples,
        parameters=sum(weight.numel() for weight in runner.model.parameters()),
        dataset_meta=dataset.metainfo,
    )


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


class ProgressBarHook(Hook):
    """Shows how many batches of a test are done, and the time that is left."""

    def before_test_epoch(self, runner: Runner) -> None:
        """Draw the empty bar."""
        self.bar = ProgressBar(len(runner.test_dataloader), file=sys.stdout)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar on."""
        self.bar.update()

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """End the line."""
        print()


def _test_config(model: TrainedModel, options: Mapping[str, object] | None) -> Config:
    cfg = load_config(
        str(model.config), work_dir=str(model.work_dir / 'test'), options=options
    )
    cfg.load_from = str(model.checkpoint)
    cfg.log_level = 'WARNING'
    return cfg
