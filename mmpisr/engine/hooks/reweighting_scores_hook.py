"""Log how well the reweighting scores separate present from absent classes."""

import logging
from collections.abc import Sequence
from typing import Any

from mmdet.structures import DetDataSample
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmpisr.engine.relation_recorder import RelationRecorder
from mmpisr.evaluation.reweighting import RelationCall, ReweightingScores, row_names
from mmpisr.registry import HOOKS
from mmpisr.visualization import add_picture, reweighting_chart


@HOOKS.register_module()
class ReweightingScoresHook(Hook):
    """Log the reweighting scores of every relation after validation and test.

    Works with any host. Scalars go to all backends of the visualizer:
    ``reweighting/present/<class>``, ``reweighting/absent/<class>``,
    ``reweighting/matched/rank_<n>``, ``reweighting/false_positive/rank_<n>`` (rank 1 is
    the best slot), their means ``reweighting/mean/<group>``, and how well the score
    alone separates the groups, ``reweighting/auroc/classes`` and ``/instances``. With
    several relations the module's name follows ``reweighting``. A host whose relation
    has one map in S for several classes lists the map of each in ``semantic_index``.

    ``slot_objects`` decides which slots are matched; empty slots are left out. Data
    samples need ``gt_panoptic_seg``: the pipeline must load annotations. If these or
    the scores are missing, the hook warns once and logs nothing. In distributed runs
    the few images that the sampler repeats count twice.

    Args:
        chart: Also add the image ``reweighting``.
    """

    priority = 'NORMAL'

    def __init__(self, *, chart: bool = True) -> None:
        self.chart = chart
        self._recorder: RelationRecorder | None = None
        self._scores: dict[str, ReweightingScores] = {}
        self._warned = False

    def before_val_epoch(self, runner: Runner) -> None:
        """Record all calls of relations from now on."""
        self._stop()
        self._scores = {}
        self._recorder = RelationRecorder(runner.model)

    def before_val_iter(self, *args: Any, **kwargs: Any) -> None:
        """Forget the calls of other hooks, such as those that draw."""
        assert self._recorder is not None
        for calls in self._recorder.calls.values():
            calls.clear()

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[DetDataSample] | None = None,
    ) -> None:
        """Add the scores and the ground truth of a batch."""
        assert self._recorder is not None
        samples = outputs or []
        for name, calls in self._recorder.calls.items():
            problem = _problem(calls, samples)
            if problem is None:
                (call,) = calls
                empty = ReweightingScores(call.num_classes, call.heatmaps.shape[1])
                self._scores.setdefault(name, empty).add(call, samples)
            elif not self._warned:
                self._warned = True
                text = f'ReweightingScoresHook leaves out relation {name!r}: {problem}'
                print_log(text, logger='current', level=logging.WARNING)
            calls.clear()

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Stop recording, and log."""
        self._stop()
        assert self._recorder is not None
        scores = _merge(all_gather_object(self._scores))
        self._scores = {}
        meta = runner.visualizer.dataset_meta or {}
        for name, table in scores.items():
            root = 'reweighting' if len(scores) == 1 else f'reweighting/{name}'
            rows = self._recorder.semantic_index[name]
            num_classes = len(rows) if rows else table.classes.sums.shape[1]
            classes = [str(c) for c in meta.get('classes') or range(num_classes)]
            names = row_names(classes, rows)
            scalars = {f'{root}/{k}': v for k, v in table.scalars(names).items()}
            runner.visualizer.add_scalars(scalars, step=runner.iter)
            if self.chart:
                image = reweighting_chart(table, names)
                add_picture(runner.visualizer, root, image, runner.iter)

    before_test_epoch = before_val_epoch
    before_test_iter = before_val_iter
    after_test_iter = after_val_iter
    after_test_epoch = after_val_epoch

    def after_run(self, runner: Runner) -> None:
        """Stop recording, also if the epoch was interrupted."""
        self._stop()

    def _stop(self) -> None:
        if self._recorder is not None:
            self._recorder.close()


def _problem(
    calls: Sequence[RelationCall], samples: Sequence[DetDataSample]
) -> str | None:
    """Say why the calls of a batch do not match its ground truth; None if they do."""
    if len(calls) != 1:
        return f'it was called {len(calls)} times for a batch, not once'
    call = calls[0]
    if call.scores is None:
        return 'it gives no scores (reweight=False)'
    if len(call.scores) != len(samples):
        return f'{len(call.scores)} images went in, {len(samples)} came out'
    if any('gt_panoptic_seg' not in sample for sample in samples):
        return 'the data samples have no gt_panoptic_seg: load annotations'
    return None


def _merge(of_ranks: Sequence[dict[str, ReweightingScores]]) -> dict:
    """Add up the scores of all ranks for each relation."""
    merged: dict[str, ReweightingScores] = {}
    for scores in of_ranks:
        for name, table in scores.items():
            if merged.setdefault(name, table) is not table:
                merged[name].merge(table)
    return merged
