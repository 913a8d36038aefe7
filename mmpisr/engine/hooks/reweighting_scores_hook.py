"""Log what the reweighting scores say about classes and instances."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmdet.structures import DetDataSample
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.hooks import RemovableHandle

from mmpisr.evaluation.reweighting import (
    RelationCall,
    ReweightingScores,
    row_names,
)
from mmpisr.registry import HOOKS
from mmpisr.visualization import reweighting_chart


@HOOKS.register_module()
class ReweightingScoresHook(Hook):
    """Log reweighting scores after validation and test, with any host.

    Listens to every relation of the model. Scalars go to all backends of the
    visualizer: ``reweighting/present/<class>``, ``reweighting/absent/<class>``,
    ``reweighting/matched/rank_<n>``, ``reweighting/false_positive/rank_<n>`` (rank 1 is
    the best slot), their means ``reweighting/mean/<group>``, and how well the score
    alone tells the groups apart, ``reweighting/auroc/classes`` and ``/instances``. With
    several relations the module's name follows ``reweighting``. A host whose relation
    has one map in S for several classes lists the map of each in ``semantic_index``.

    A slot is matched as ``slot_objects`` says; empty slots are left out. Needs data
    samples with ``gt_panoptic_seg``: the pipeline must load annotations. Where these or
    the scores are missing it warns once and logs nothing. In distributed runs the few
    images that the sampler repeats count twice.

    Args:
        chart: Also add the image ``reweighting``.
    """

    priority = 'NORMAL'

    def __init__(self, *, chart: bool = True) -> None:
        self.chart = chart
        self._handles: list[RemovableHandle] = []
        self._calls: dict[str, list[RelationCall]] = {}
        self._scores: dict[str, ReweightingScores] = {}
        self._class_rows: dict[str, Sequence[int] | None] = {}
        self._warned = False

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to listen."""
        self._attach(runner.model)

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[DetDataSample] | None = None,
    ) -> None:
        """Pair the scores of the batch with its truth."""
        self._collect(outputs or [])

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Stop to listen, and log."""
        self._detach()
        self._report(runner)

    before_test_epoch = before_val_epoch
    after_test_iter = after_val_iter
    after_test_epoch = after_val_epoch

    def after_run(self, runner: Runner) -> None:
        """Stop to listen, should the epoch have ended early."""
        self._detach()

    def _attach(self, model: nn.Module) -> None:
        from mmpisr.models.relations import BaseRelation

        self._detach()
        self._scores = {}
        inner = model.module if is_model_wrapper(model) else model
        assert isinstance(inner, nn.Module)
        for name, module in inner.named_modules():
            if isinstance(module, BaseRelation):
                host = inner.get_submodule(name.rpartition('.')[0])
                self._class_rows[name] = getattr(host, 'semantic_index', None)
                self._calls[name] = []
                self._handles.append(
                    module.register_forward_hook(self._listener(name), with_kwargs=True)
                )

    def _detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._calls = {}

    def _listener(self, name: str) -> Callable:
        def listen(_: nn.Module, args: tuple, kwargs: Mapping, output: Any) -> None:
            call = RelationCall.of(args, kwargs, output, self._class_rows[name])
            self._calls[name].append(call)

        return listen

    def _collect(self, samples: Sequence[DetDataSample]) -> None:
        for name, calls in self._calls.items():
            problem = _problem(calls, samples)
            if problem:
                self._warn(f'the relation {name!r}: {problem}')
            else:
                self._add(name, calls[0], samples)
            calls.clear()

    def _add(
        self, name: str, call: RelationCall, samples: Sequence[DetDataSample]
    ) -> None:
        if name not in self._scores:
            self._scores[name] = ReweightingScores(
                call.num_classes, call.heatmaps.shape[1]
            )
        self._scores[name].add(call, samples)

    def _warn(self, problem: str) -> None:
        if not self._warned:
            text = f'ReweightingScoresHook leaves out {problem}'
            print_log(text, logger='current', level=logging.WARNING)
        self._warned = True

    def _report(self, runner: Runner) -> None:
        scores = _merge(all_gather_object(self._scores))
        self._scores = {}
        meta = runner.visualizer.dataset_meta or {}
        for name, table in scores.items():
            root = 'reweighting' if len(scores) == 1 else f'reweighting/{name}'
            rows = self._class_rows.get(name)
            num_classes = len(rows) if rows else table.classes.sums.shape[1]
            classes = [str(c) for c in meta.get('classes') or range(num_classes)]
            names = row_names(classes, rows)
            scalars = table.scalars(names)
            runner.visualizer.add_scalars(
                {f'{root}/{key}': value for key, value in scalars.items()},
                step=runner.iter,
            )
            if self.chart:
                image = reweighting_chart(table, names)
                runner.visualizer.add_image(root, image, runner.iter)


def _problem(
    calls: Sequence[RelationCall], samples: Sequence[DetDataSample]
) -> str | None:
    """Why the calls of one batch cannot be paired with its truth, if so."""
    if len(calls) != 1:
        return f'it was called {len(calls)} times for a batch, not once'
    call = calls[0]
    if call.weights is None:
        return 'it gives no weights (reweight=False)'
    if len(call.weights) != len(samples):
        return f'{len(call.weights)} images went in, {len(samples)} came out'
    if any('gt_panoptic_seg' not in sample for sample in samples):
        return 'the data samples have no gt_panoptic_seg: load annotations'
    return None


def _merge(of_ranks: Sequence[dict[str, ReweightingScores]]) -> dict:
    """Sum up what the ranks have collected, relation by relation."""
    merged: dict[str, ReweightingScores] = {}
    for scores in of_ranks:
        for name, table in scores.items():
            if name in merged:
                merged[name].merge(table)
            else:
                merged[name] = table
    return merged
