"""A trained model beside its test images and what scores them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmpisr.apis.run_options import load_config
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.evaluation.panoptic_metric import PanopticMetric
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.models.relations import BaseRelation
from mmpisr.registry import DATASETS, METRICS, MODELS

TRUTH = 'type', 'ann_file', 'seg_prefix', 'backend_args'
"""What of an evaluator says where its truth is."""


class LoadedModel:
    """Predicts one image at a time.

    Args:
        config: A config file with a test set and a ``PanopticMetric``.
        checkpoint: Of that config's model.
        options: ``--cfg-options``.
        device: Where the model runs.

    Attributes:
        cfg: The whole config.
        model: In evaluation mode.
        dataset: The test images, I of them, with their truth.

    Raises:
        FileNotFoundError: The checkpoint is not there.
        ValueError: It is of another model, or nothing in the config measures PQ.
    """

    def __init__(
        self,
        config: Path,
        checkpoint: Path,
        *,
        options: Mapping[str, Any] | None = None,
        device: str = 'cpu',
    ) -> None:
        self.cfg = load_config(str(config), options=options)
        init_default_scope(self.cfg.get('default_scope', 'mmdet'))
        self.model: nn.Module = MODELS.build(self.cfg.model)
        _load(self.model, checkpoint, config)
        self.model.to(device).eval()
        self.dataset = DATASETS.build(self.cfg.test_dataloader.dataset)
        self._evaluator = _pq_evaluator(self.cfg)
        steps = self.cfg.test_dataloader.dataset.pipeline
        self._from_array = Compose([s for s in steps if 'Load' not in s['type']])

    @property
    def meta(self) -> Mapping[str, Any]:
        """The dataset's: ``classes``, ``relations``."""
        return self.dataset.metainfo

    @property
    def classes(self) -> list[str]:
        """Names of the N classes."""
        return [*self.meta['classes']]

    @property
    def relations(self) -> Sequence[Mapping[str, str]]:
        """``decider``, ``present`` and ``absent``; R, none for most datasets."""
        return self.meta.get('relations', ())

    def find_relation(self) -> BaseRelation | None:
        """The model's relation; None of a base model.

        Raises:
            ValueError: It has several.
        """
        found = [m for m in self.model.modules() if isinstance(m, BaseRelation)]
        if len(found) > 1:
            names = [type(relation).__name__ for relation in found]
            raise ValueError(f'one relation can be explained, the model has {names}')
        return found[0] if found else None

    def class_rows(self) -> Sequence[int] | None:
        """Place of each class among those that the relation reads; None: the same."""
        hosts = [m for m in self.model.modules() if hasattr(m, 'class_rows')]
        return hosts[0].class_rows if hosts else None  # type: ignore[return-value]

    def predict(self, index: int) -> DetDataSample:
        """Predict a test image; its truth is on the sample too."""
        return self._predict(self.dataset[index])

    def predict_array(self, image: np.ndarray) -> DetDataSample:
        """Predict an image that is no file, BGR uint8, ``(H, W, 3)``."""
        shape = image.shape[:2]
        results = dict(img=image, img_shape=shape, ori_shape=shape)
        return self._predict(self._from_array(results))

    def score(
        self, around: Callable[[int], AbstractContextManager] = lambda _: nullcontext()
    ) -> ScoreTable:
        """Predict and score all test images.

        Args:
            around: Makes the context in which an image, by its index, is predicted.
        """
        metric = self.new_metric()
        for index in range(len(self.dataset)):
            with around(index):
                sample = self.predict(index)
            metric.process({}, [sample.to_dict()])
        return metric.score_table(metric.results)

    def new_metric(self) -> PanopticMetric:
        """PQ, mIoU, and the relation accuracy where the dataset has relations."""
        metric = METRICS.build(self._evaluator)
        metric.dataset_meta = self.meta
        return metric

    @torch.no_grad()
    def _predict(self, data: dict) -> DetDataSample:
        return self.model.test_step(pseudo_collate([data]))[0]  # type: ignore[operator]


def _load(model: nn.Module, checkpoint: Path, config: Path) -> None:
    if not checkpoint.is_file():
        raise FileNotFoundError(f'{checkpoint}: this checkpoint does not exist')
    try:
        with checkpoint_trust():
            load_checkpoint(model, str(checkpoint), map_location='cpu', strict=True)
    except RuntimeError as error:
        raise ValueError(
            f'{checkpoint} does not fit the model of {config}: {error}'
        ) from error


def _pq_evaluator(cfg: Config) -> dict[str, Any]:
    """Config of the test's ``PanopticMetric``, with what is explained here."""
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
