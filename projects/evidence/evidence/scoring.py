"""A trained model beside its test images, scored under conditions."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import Tensor, nn

from mmpisr.apis.run_options import load_config
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.evaluation.slot_matching import present_classes
from mmpisr.models.relations import PISR
from mmpisr.registry import DATASETS, METRICS, MODELS

TRUTH = 'type', 'ann_file', 'seg_prefix', 'backend_args'
"""What of an evaluator says where its truth is."""


class ScoredModel:
    """Predicts and scores one test image at a time.

    Args:
        config: A config file with a test set and a ``PanopticMetric``.
        checkpoint: Of that config's model.
        options: ``--cfg-options``.
        device: Where the model runs.

    Attributes:
        model: In evaluation mode.
        dataset: The test images, I of them, with their truth.
        classes: Names of the N classes.

    Raises:
        FileNotFoundError: The checkpoint is not there.
        RuntimeError: It is of another model; names what differs.
        ValueError: Nothing in the config measures PQ.
    """

    def __init__(
        self,
        config: Path,
        checkpoint: Path,
        *,
        options: Mapping[str, Any] | None = None,
        device: str = 'cpu',
    ) -> None:
        cfg = load_config(str(config), options=options)
        self._evaluator = _pq_evaluator(cfg)
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        self.model: nn.Module = MODELS.build(cfg.model)
        with checkpoint_trust():
            load_checkpoint(self.model, str(checkpoint), 'cpu', strict=True)
        self.model.to(device).eval()
        self.dataset = DATASETS.build(cfg.test_dataloader.dataset)
        self.classes = [*self.dataset.metainfo['classes']]

    def find_pisr(self) -> PISR | None:
        """The model's PISR; None without one.

        Raises:
            ValueError: It has several.
        """
        found = [m for m in self.model.modules() if isinstance(m, PISR)]
        if len(found) > 1:
            raise ValueError(f'the model has {len(found)} PISR modules, expected one')
        return found[0] if found else None

    def present(self, index: int) -> Tensor:
        """Which classes the truth of an image shows, bool, ``(N,)``."""
        sample = self.dataset[index]['data_samples']
        return present_classes(sample.gt_panoptic_seg.sem_seg, len(self.classes))

    @torch.no_grad()
    def predict(self, index: int) -> DetDataSample:
        """Predict a test image; its truth is on the sample too."""
        batch = pseudo_collate([self.dataset[index]])
        return self.model.test_step(batch)[0]  # type: ignore[operator]

    def score(
        self, around: Callable[[int], AbstractContextManager] = lambda _: nullcontext()
    ) -> ScoreTable:
        """Predict and score all test images.

        Args:
            around: Makes the context in which an image, by its index, is predicted.
        """
        metric = METRICS.build(self._evaluator)
        metric.dataset_meta = self.dataset.metainfo
        for index in range(len(self.dataset)):
            with around(index):
                sample = self.predict(index)
            metric.process({}, [sample.to_dict()])
        return metric.score_table(metric.results)


def values_of(table: ScoreTable) -> dict[str, float]:
    """Figures of all images, percent, by metric."""
    return {
        metric: float(value)
        for name, measure in table.measures().items()
        for metric, value in measure.values(table.records[name].sum(axis=0)).items()
    }


def _pq_evaluator(cfg: Config) -> dict[str, Any]:
    """Config of the test's ``PanopticMetric``, with mIoU and relation accuracy."""
    given = cfg.test_evaluator
    evaluators = [given] if isinstance(given, Mapping) else [*given]
    types = [str(evaluator['type']) for evaluator in evaluators]
    for kind, evaluator in zip(types, evaluators, strict=True):
        if kind.rpartition('.')[2] == 'PanopticMetric':
            own = {k: v for k, v in evaluator.items() if k in TRUTH}
            return {**own, 'miou': True, 'relation_accuracy': 'auto'}
    raise ValueError(
        f'{cfg.filename}: test_evaluator is {types}, none is mmpisr.PanopticMetric'
    )
