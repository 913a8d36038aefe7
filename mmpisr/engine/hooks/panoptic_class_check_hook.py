"""Compare the classes of model, data, metrics and checkpoint."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner, find_latest_checkpoint

from mmpisr.class_lists import check_class_counts, class_difference, is_reordered
from mmpisr.datasets.pipeline_checks import innermost_datasets
from mmpisr.engine.layer_fit import bare_model, refuse_misfits, start_fresh
from mmpisr.evaluation import PanopticMetric
from mmpisr.registry import HOOKS

ADVICE = (
    '`classes` of the dataset chooses, merges and orders them, and '
    'tools/dataset_converters/sort_categories.py --like writes a json in the order of '
    'another one'
)


@HOOKS.register_module()
class PanopticClassCheckHook(Hook):
    """Compare the classes of model, data, metrics and checkpoint before a run.

    The numbers of classes must be those of the model (:func:`check_class_counts`).
    Names, kinds and order must agree between all data of the run, the jsons of its
    metrics, and ``dataset_meta`` of a checkpoint that is tested or resumed. The layers
    of that checkpoint must be those of the model. If a training begins with
    ``load_from``, layers of another shape start fresh.
    """

    def before_train(self, runner: Runner) -> None:
        """Check training and validation data before the first iteration."""
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        _check_classes(runner, loaders, runner.val_loop)

    def before_val(self, runner: Runner) -> None:
        """Check the validation data."""
        _check_classes(runner, [runner.val_dataloader], runner.val_loop)

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        _check_classes(runner, [runner.test_dataloader], runner.test_loop)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check a checkpoint before its weights are loaded.

        Raises:
            ValueError: Its classes differ from those of the data, or (when it is
                loaded) its layers from those of the model.
        """
        loops = runner._train_loop, runner._test_loop, runner._val_loop
        loop = next((loop for loop in loops if isinstance(loop, BaseLoop)), None)
        file = runner._load_from or find_latest_checkpoint(runner.work_dir)
        tuned = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        if loop is not None:
            sources = known_classes(loop.dataloader.dataset)
            check_checkpoint_classes(str(file), checkpoint, sources, tuned=tuned)
        handle = start_fresh if tuned else refuse_misfits
        handle(bare_model(runner.model), checkpoint, str(file))


def known_classes(dataset: Any) -> list[tuple[str, Mapping]]:
    """Return json and ``metainfo`` of each dataset inside wrappers."""
    return [
        (
            getattr(one, 'ann_file', None) or f'a {type(one).__name__}',
            getattr(one, 'metainfo', {}),
        )
        for one in innermost_datasets(dataset)
    ]


def check_checkpoint_classes(
    file: str,
    checkpoint: Mapping,
    sources: Sequence[tuple[str, Mapping]],
    *,
    tuned: bool = False,
) -> None:
    """Compare the classes that a checkpoint was trained on with those of the data.

    Args:
        file: Path of the checkpoint.
        checkpoint: Without ``meta['dataset_meta']`` a warning is logged.
        sources: Names and metainfo of the data.
        tuned: A new training starts from the checkpoint. It may have other classes, but
            not the same classes in another order.

    Raises:
        ValueError: Names both files, the position and both classes.
    """
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    meta = meta[0] if isinstance(meta, list) else meta  # of a ConcatDataset
    name, data = sources[0]
    if not meta.get('classes') and data.get('classes'):
        text = f"{file} has no meta['dataset_meta']: only class counts are compared"
        print_log(text, logger='current', level=logging.WARNING)
    problem = class_difference(file, meta, name, data)
    if problem is None:
        return
    reordered = is_reordered(meta, data)
    if reordered or not tuned:
        order = f'; classes={[*meta["classes"]]} is its order' if reordered else ''
        raise ValueError(f'{problem}{order}; {ADVICE}')
    text = f'{problem}; layers that fit keep the weights of the class at their position'
    print_log(text, logger='current', level=logging.WARNING)


def _check_classes(runner: Runner, loaders: Sequence[Any], loop: Any) -> None:
    """Compare data with the first of them, with the model, and with metrics."""
    model = bare_model(runner.model)
    sources = [source for one in loaders for source in known_classes(one.dataset)]
    for name, metainfo in sources:
        problem = class_difference(*sources[0], name, metainfo)
        if problem is not None:
            raise ValueError(f'{problem}; {ADVICE}')
        check_class_counts(model, metainfo)
    for metric in getattr(getattr(loop, 'evaluator', None), 'metrics', ()):
        ours = isinstance(metric, PanopticMetric)
        if ours and isinstance(metric.dataset_meta, Mapping):
            _ = metric.table  # compares its json with the data
