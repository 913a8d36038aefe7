"""Apply the flags of ``tools/train.py`` and ``tools/test.py`` to a config."""

import re
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.logging import print_log

from mmpisr.datasets import merge_options
from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.pipeline_checks import innermost_datasets, type_name
from mmpisr.datasets.zip_files import resolve_file
from mmpisr.engine.checkpoint_files import find_resumable


def load_config(
    path: str,
    *,
    work_dir: str | None = None,
    options: Mapping[str, Any] | None = None,
    launcher: str = 'none',
) -> Config:
    """Read a config and override settings.

    mmengine dumps the merged config into the work dir, here as ``<name>.full.py``: in a
    checkout, ``mim`` refuses a config name that it finds twice.

    Args:
        path: The config file.
        work_dir: Overrides the config's; ``work_dirs/<name>`` if neither is given.
        options: Dotted keys and their values (``--cfg-options``); ``data_root`` is the
            new root of every dataset and evaluator.
        launcher: Job launcher that started the process.
    """
    cfg = Config.fromfile(path)
    merge_options(cfg, options)
    for name in 'train', 'val', 'test':
        loader = cfg.get(f'{name}_dataloader') or {}
        if loader.get('num_workers') == 0:  # torch refuses these without workers
            needs_workers = dict(persistent_workers=False, prefetch_factor=None)
            loader.update({k: v for k, v in needs_workers.items() if loader.get(k)})
    cfg.launcher = launcher
    name = Path(path).stem
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{name}'
    return Config(cfg.to_dict(), cfg_text=cfg.text, filename=f'{name}.full.py')


def use_amp(cfg: Config) -> None:
    """Train in mixed precision (``--amp``)."""
    kind = type_name({'type': 'OptimWrapper', **cfg.optim_wrapper})
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(
            f"--amp replaces optim_wrapper.type='OptimWrapper', the config has {kind!r}"
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def check_optimizer(cfg: Config) -> None:
    """Refuse optimiser settings that fail later, with messages that name no field.

    Raises:
        ValueError: Names the field and both values.
    """
    wrapper = {'type': 'OptimWrapper', **(cfg.get('optim_wrapper') or {})}
    if type_name(wrapper) == 'AmpOptimWrapper' and get_device() in ('cpu', 'mps'):
        raise ValueError(
            "optim_wrapper.type is 'AmpOptimWrapper' (--amp), which needs a GPU, but "
            f'the device is {get_device()!r}. Train without --amp (type='
            "'OptimWrapper'), or on a machine with a GPU"
        )
    decay = (wrapper.get('optimizer') or {}).get('weight_decay')
    for field, value in (wrapper.get('paramwise_cfg') or {}).items():
        if 'decay_mult' in field and value is not None and decay is None:
            raise ValueError(
                f'optim_wrapper.paramwise_cfg.{field} is {value}, but '
                'optim_wrapper.optimizer has no weight_decay to multiply; write one'
            )
    schedulers = cfg.get('param_scheduler') or []
    listed = [schedulers] if isinstance(schedulers, dict) else schedulers
    for index, scheduler in enumerate(listed):
        if 'ReduceOnPlateau' in str(scheduler.get('type')):
            _check_plateau(f'param_scheduler[{index}]', scheduler)


def _check_plateau(field: str, scheduler: Mapping[str, Any]) -> None:
    """Refuse a plateau scheduler with a wrong period or direction."""
    if not scheduler.get('by_epoch', True):
        raise ValueError(
            f'{field}.by_epoch is False, but {scheduler["type"]} steps after each '
            'validation (train_cfg.val_interval): remove by_epoch'
        )
    monitor = str(scheduler.get('monitor'))
    if 'rule' not in scheduler and 'loss' not in monitor:
        raise ValueError(
            f'{field} has no rule, so {scheduler["type"]} would treat a smaller '
            f"{monitor} as better; write rule='greater' (or 'less')"
        )


def use_auto_scale_lr(cfg: Config) -> None:
    """Scale the learning rate with the total batch size (``--auto-scale-lr``)."""
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(
            '--auto-scale-lr needs auto_scale_lr.base_batch_size, the config has '
            f'auto_scale_lr={cfg.get("auto_scale_lr")}'
        )
    cfg.auto_scale_lr.enable = True


def use_resume(cfg: Config, source: str) -> None:
    """Resume from a checkpoint, or with ``'auto'`` from the latest in the work dir.

    If the work dir has none, training starts from the config's ``load_from``: the same
    command starts and resumes a warm-started training.

    Raises:
        FileNotFoundError, DamagedCheckpointError: See :func:`find_resumable`.
    """
    if source != 'auto':
        cfg.resume, cfg.load_from = True, source
    elif latest := find_resumable(cfg.work_dir):
        cfg.resume, cfg.load_from = True, latest


def use_seeded_samplers(cfg: Config) -> None:
    """Augment each draw of an image with its own seed, see ``datasets/samplers.py``.

    mmengine's samplers are replaced; a sampler of the user's own is kept.
    """
    sampler = cfg.train_dataloader.get('sampler') or {}
    kind = str(sampler.get('type')).rpartition('.')[2]
    if kind in ('InfiniteSampler', 'DefaultSampler'):
        sampler['type'] = 'mmpisr.Seeded' + kind.removeprefix('Default')


def use_tta(cfg: Config) -> None:
    """Predict on several views of each image (``--tta``).

    The config must name a ``tta_model``: mmdet's default, ``DetTTAModel``, merges boxes
    and drops the panoptic maps.
    """
    missing = [name for name in ('tta_model', 'tta_pipeline') if name not in cfg]
    if missing:
        raise ValueError(
            "--tta needs 'tta_model' and 'tta_pipeline' in the config; missing: "
            + ', '.join(missing)
        )
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
    for dataset in innermost_datasets(cfg.test_dataloader.dataset):
        dataset.pipeline = cfg.tta_pipeline


def use_told_classes(cfg: Config) -> None:
    """Test while the classes of each image are known (``--told-classes``)."""
    hooks = [*(cfg.get('custom_hooks') or []), dict(type='mmpisr.ToldClassesHook')]
    cfg.custom_hooks = hooks
    cfg.test_dataloader.batch_size = 1


def use_pictures(
    cfg: Config, *, show: bool, show_dir: str | None, wait_time: float
) -> None:
    """Draw the predictions, on screen or into a folder (``--show``, ``--show-dir``).

    mmdet's hook is replaced by ours, which saves each image to a file of its own.
    """
    from mmdet.engine.hooks.utils import trigger_visualization_hook

    args = Namespace(show=show, show_dir=show_dir, wait_time=wait_time)
    trigger_visualization_hook(cfg, args)
    hook = cfg.default_hooks.visualization
    if re.fullmatch(r'(mmdet\..*)?DetVisualizationHook', hook.type):
        hook.type = 'mmpisr.PanopticVisualizationHook'


def check_dump_path(path: str) -> None:
    """Refuse a file for ``--out`` that has no suffix of a pickle."""
    if Path(path).suffix not in ('.pkl', '.pickle'):
        raise ValueError(
            f'--out writes .pkl or .pickle, not {Path(path).suffix!r} ({path})'
        )


def use_evaluators(cfg: Config, *, is_output: bool) -> None:
    """Drop evaluators without ground truth if predictions are drawn or dumped.

    Args:
        cfg: Changed in place; ``test_evaluator`` may be empty or absent.
        is_output: Whether the predictions are drawn or dumped.

    Raises:
        ValueError: There is no evaluator and no output: the test would have no result.
    """
    if 'test_dataloader' not in cfg:
        return
    given = cfg.get('test_evaluator')
    evaluators = given if isinstance(given, list) else [given]
    evaluators = [e for e in evaluators if e and e != '{}']  # as --cfg-options reads {}
    if is_output:
        kept = [evaluator for evaluator in evaluators if _has_truth(evaluator)]
        cfg.test_evaluator = given if kept and kept == evaluators else kept
    elif not evaluators:
        raise ValueError(
            f'{cfg.filename}: test_evaluator is {given}, so the test would have no '
            'result; give --out FILE.pkl, --show-dir FOLDER or --submission FORMAT'
        )


def _has_truth(evaluator: Mapping[str, Any]) -> bool:
    """Whether an evaluator needs no json, or its json has annotations."""
    path = evaluator.get('ann_file')
    if not path or evaluator.get('format_only'):
        return True
    backend_args = evaluator.get('backend_args')
    content = read_panoptic_json(resolve_file(path), backend_args=backend_args)
    if not content.get('annotations'):
        print_log(f'{path} has no annotations: the predictions are not scored')
    return bool(content.get('annotations'))
