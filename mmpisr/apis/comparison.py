"""Evaluate trained models on the same images and show their results side by side."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils import ProgressBar

from mmpisr import __version__
from mmpisr.datasets.pipeline_checks import type_name
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.evaluation.measures.panoptic_quality import (
    PanopticQuality,
    panoptic_quality,
)
from mmpisr.evaluation.score_table import ScoreTable, load_score_table
from mmpisr.output_names import distinct_names
from mmpisr.visualization import picture_of, side_by_side

from .run_options import load_config
from .trainings import TrainingRun, last_checkpoint

COLUMNS = 'PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU'
EXTRA = ('relation_acc',)  # if the data has relations


class Evaluation(NamedTuple):
    """Results of one model on a data set."""

    metrics: dict[str, float]
    """All defined values of the evaluator, in percent, without its prefix."""
    samples: list[DetDataSample]
    """Predictions of the images that are drawn."""
    parameters: int
    """Number of learned values of the model."""
    dataset_meta: dict
    """Classes and palette."""
    scores: ScoreTable | None
    """Statistics of each image; None without an ``mmpisr.PanopticMetric``."""

    def title(self, name: str, sample: DetDataSample) -> str:
        """The name, with the PQ of an image if it is known."""
        if self.scores is None:
            return name
        measure = self.scores.measures()[PanopticQuality.name]
        records = self.scores.records[PanopticQuality.name]
        index = [*self.scores.image_ids].index(sample.img_id)
        return f'{name}: PQ {measure.values(records[index])["PQ"]:.0f} in this image'

    def class_pq(self) -> dict[str, float | None]:
        """PQ of each class, percent; None if neither truth nor prediction has it."""
        if self.scores is None:
            return {}
        total = self.scores.records[PanopticQuality.name].sum(axis=0)
        values = 100 * panoptic_quality(total)[:, 0]
        return {
            category['name']: None if np.isnan(value) else value
            for category, value in zip(self.scores.categories, values, strict=True)
        }


def compare(
    models: Sequence[TrainingRun],
    *,
    out: Path,
    num_pictures: int = 5,
    options: Mapping[str, object] | None = None,
    notes: Mapping[str, object] | None = None,
) -> dict:
    """Evaluate models, print a table, draw pictures, and write ``summary.json``.

    Args:
        models: Trained models, the base first.
        out: Folder of the pictures, the chart of reweighting scores and the summary.
        num_pictures: Images to draw, evenly spaced over the test set.
        options: ``--cfg-options`` of all models.
        notes: More entries of the summary.

    Returns:
        The content of ``summary.json``.

    Raises:
        FileNotFoundError: A model has no checkpoint.
    """
    checkpoints = {model.name: last_checkpoint(model.work_dir) for model in models}
    evaluations = {}
    for model in models:
        work_dir = str(model.work_dir / 'test')
        cfg = load_config(str(model.config), work_dir=work_dir, options=options)
        cfg.update(load_from=str(checkpoints[model.name]), log_level='WARNING')
        evaluations[model.name] = evaluate_config(cfg, num_pictures=num_pictures)
    draw_comparison(evaluations, out)
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
                'config': os.path.relpath(model.config),
                'checkpoint': os.path.relpath(checkpoints[model.name]),
                'parameters': evaluations[model.name].parameters,
                'metrics': evaluations[model.name].metrics,
                'class_pq': evaluations[model.name].class_pq(),
            }
            for model in models
        },
    }
    (out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    print(comparison_table({name: e.metrics for name, e in evaluations.items()}))
    return summary


def evaluate_config(cfg: Config, *, num_pictures: int = 0) -> Evaluation:
    """Test the checkpoint ``cfg.load_from`` and keep the predictions of some images.

    Args:
        cfg: A test config with ``work_dir`` and ``load_from``.
        num_pictures: Predictions to keep, evenly spaced over the test set.
    """
    scores_file = None
    evaluators = cfg.test_evaluator
    for evaluator in [evaluators] if isinstance(evaluators, dict) else evaluators:
        if type_name(evaluator) == 'PanopticMetric':
            scores_file = str(Path(cfg.work_dir) / 'scores.npz')
            evaluator.setdefault('relation_accuracy', 'auto')
            evaluator['scores_file'] = scores_file
    if 'visualizer' in cfg:  # of this test, not that of one before in this process
        cfg.visualizer.name = cfg.work_dir
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
        metrics={
            name.rpartition('/')[2]: value
            for name, value in metrics.items()
            if not np.isnan(value)
        },
        samples=samples,
        parameters=sum(weight.numel() for weight in runner.model.parameters()),
        dataset_meta=dataset.metainfo,
        scores=None if scores_file is None else load_score_table(scores_file),
    )


def comparison_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Format a row per model, and the difference between the last and the first.

    Args:
        results: Metrics in percent by model; a missing one is shown as ``-``.
    """
    found = set().union(*results.values())
    columns = [*COLUMNS, *(column for column in EXTRA if column in found)]
    rows = {name: _cells(columns, of, '.2f') for name, of in results.items()}
    if len(results) > 1:
        first, *_, last = results.values()
        gains = {name: last[name] - first[name] for name in columns if name in first}
        rows['difference'] = _cells(columns, gains, '+.2f')
    width = max(map(len, rows))
    return '\n'.join(
        f'{name:{width}}'
        + ''.join(
            f'{cell:>{max(8, len(head) + 2)}}'
            for head, cell in zip(columns, cells, strict=True)
        )
        for name, cells in {'': columns, **rows}.items()
    )


def draw_comparison(evaluations: Mapping[str, Evaluation], out: Path) -> None:
    """Save one picture per image: the image, the truth, each model's prediction.

    Pixels of a wrong class are hatched, and the titles have the PQ of the image.

    Args:
        evaluations: By model; all have the same images in the same order, with
            ``gt_panoptic_seg`` and ``pred_panoptic_seg``.
        out: Folder of ``picture_<image name>.png``.
    """
    first = next(iter(evaluations.values()))
    names = distinct_names(sample.img_path for sample in first.samples)
    for index, sample in enumerate(first.samples):
        segs = {'truth': sample.gt_panoptic_seg}
        for name, evaluation in evaluations.items():
            found = evaluation.samples[index]
            segs[evaluation.title(name, found)] = found.pred_panoptic_seg
        maps = {name: seg.sem_seg[0].cpu().numpy() for name, seg in segs.items()}
        meta, image = first.dataset_meta, picture_of(sample)
        picture = side_by_side(image, maps, meta, truth='truth')  # RGB
        mmcv.imwrite(
            picture[..., ::-1], str(out / f'picture_{names[sample.img_path]}.png')
        )


class ProgressBarHook(Hook):
    """Shows the tested batches and the estimated time left."""

    def before_test_epoch(self, runner: Runner) -> None:
        """Draw the empty bar."""
        self.bar = ProgressBar(len(runner.test_dataloader), file=sys.stdout)

    def after_test_iter(self, *args: Any, **kwargs: Any) -> None:
        """Advance the bar by a batch."""
        self.bar.update()

    def after_test_epoch(self, *args: Any, **kwargs: Any) -> None:
        """End the line."""
        print()


def _cells(
    columns: Sequence[str], metrics: Mapping[str, float], form: str
) -> list[str]:
    return [format(metrics[c], form) if c in metrics else '-' for c in columns]
