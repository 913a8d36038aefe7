"""Evaluate trained models on the same images and put the answers side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner

COLUMNS = ('PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU')


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


def evaluate(cfg: Config, *, pictures: Sequence[int] = ()) -> Evaluation:
    """Test what ``cfg.load_from`` names and keep the predictions of some images.

    Args:
        cfg: A test config with ``work_dir`` and ``load_from``.
        pictures: Indices into the test set.
    """
    runner = Runner.from_cfg(cfg)
    metrics = runner.test()
    dataset = runner.test_dataloader.dataset
    with torch.no_grad():
        samples = [
            runner.model.test_step(pseudo_collate([dataset[index]]))[0]
            for index in pictures
        ]
    return Evaluation(
        metrics={name.rpartition('/')[2]: value for name, value in metrics.items()},
        samples=samples,
        parameters=sum(weight.numel() for weight in runner.model.parameters()),
        dataset_meta=dataset.metainfo,
    )


def comparison_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Metrics as text: a row a model, then the last one's gain over the first.

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


def latest_checkpoint(work_dir: Path) -> Path:
    """The checkpoint that a finished training left.

    Raises:
        FileNotFoundError: There is none in ``work_dir``.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise FileNotFoundError(f'{work_dir} has no checkpoint; train first')
    return Path(pointer.read_text().strip())


def _row(name: str, metrics: Mapping[str, float], width: int, form: str = '.2f') -> str:
    cells = (format(metrics[c], form) if c in metrics else '-' for c in COLUMNS)
    return f'{name:{width}}' + ''.join(f'{cell:>8}' for cell in cells)
