"""The commands ``tools/train.py`` and ``tools/test.py``."""

import atexit
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import METRICS, RUNNERS
from mmengine.runner import Runner

from mmpisr.console import ShortConsole
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.engine.hooks import ExactResumeHook, FiniteLossHook, PaddingCheckHook
from mmpisr.submissions import FORMATS, prepare_submission

from .run_options import (
    check_dump_path,
    check_optimizer,
    load_config,
    use_amp,
    use_auto_scale_lr,
    use_evaluators,
    use_pictures,
    use_resume,
    use_seeded_samplers,
    use_told_classes,
    use_tta,
)

ADDED = ExactResumeHook, FiniteLossHook, PaddingCheckHook
"""Hooks of every training and test, whatever its config says."""


def train(argv: Sequence[str] | None = None) -> None:
    """Train the model of a config."""
    args = training_parser().parse_args(argv)
    with checkpoint_trust(args.trust_checkpoint):
        cfg = training_config(args)
        check_optimizer(cfg)
        build_runner(cfg).train()


def evaluate(argv: Sequence[str] | None = None) -> None:
    """Evaluate a checkpoint; dump, draw or submit its predictions."""
    args = evaluation_parser().parse_args(argv)
    with checkpoint_trust(args.trust_checkpoint):
        runner = build_runner(evaluation_config(args))
        if args.out and not args.submission:
            dump = dict(type='mmpisr.DumpPanopticResults', out_file_path=args.out)
            runner.test_evaluator.metrics.append(METRICS.build(dump))
        runner.test()


def training_parser() -> ArgumentParser:
    """Build the flags of ``tools/train.py``."""
    parser = ArgumentParser(description='Train a model.')
    add = parser.add_argument
    add('config', help='config file')
    _add_common_flags(parser)
    add('--amp', action='store_true', help='train in mixed precision')
    scaled = 'scale the learning rate with the total batch size'
    add('--auto-scale-lr', action='store_true', help=scaled)
    add(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='resume from a checkpoint; alone or "auto": the latest in the work dir',
    )
    return parser


def evaluation_parser() -> ArgumentParser:
    """Build the flags of ``tools/test.py``."""
    parser = ArgumentParser(description='Test a model.')
    add = parser.add_argument
    add('config', help='config file')
    add('checkpoint', help='checkpoint file')
    _add_common_flags(parser)
    add('--out', help='dump the predictions to this .pkl file')
    add(
        '--submission',
        choices=[*FORMATS],
        help='predict without ground truth and write a submission to the .zip file '
        '--out; if interrupted, run the same command again to continue',
    )
    add('--show', action='store_true', help='show the predictions in a window')
    add('--show-dir', help='draw the predictions into work_dir/timestamp/SHOW_DIR')
    add('--wait-time', type=float, default=2, help='seconds that --show shows an image')
    augmented = 'test-time augmentation with tta_model and tta_pipeline of the config'
    add('--tta', action='store_true', help=augmented)
    told = 'rule out the classes that each image lacks: what relations can gain at most'
    add('--told-classes', action='store_true', help=told)
    return parser


def _add_common_flags(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add('--work-dir', help='folder of logs and checkpoints (work_dirs/CONFIG)')
    add(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config, e.g. train_cfg.max_iters=10 '
        'key="[(a,b),(c,d)]" (no blanks in a list)',
    )
    launchers = ['none', 'pytorch', 'slurm', 'mpi']
    add('--launcher', choices=launchers, default='none', help='job launcher')
    # torch.distributed.launch passes the one or the other, depending on its version.
    add('--local_rank', '--local-rank', type=int, default=0, help='set by launchers')
    trusted = 'load checkpoints that hold more than weights; they can run any code'
    add('--trust-checkpoint', action='store_true', help=trusted)


def training_config(args: Namespace) -> Config:
    """Combine the config file and the flags of a training."""
    cfg = _config(args)
    if args.amp:
        use_amp(cfg)
    if args.auto_scale_lr:
        use_auto_scale_lr(cfg)
    if args.resume or (cfg.get('resume') and not cfg.get('load_from')):
        use_resume(cfg, args.resume or 'auto')
    use_seeded_samplers(cfg)
    return cfg


def evaluation_config(args: Namespace) -> Config:
    """Combine the config file and the flags of a test.

    Raises:
        ValueError: ``--out`` is missing for ``--submission`` or is not a pickle; or the
            config lacks what a flag needs.
    """
    if args.submission and not args.out:
        raise ValueError(f'--submission {args.submission} needs --out FILE.zip')
    if args.out and not args.submission:
        check_dump_path(args.out)
    cfg = _config(args)
    cfg.load_from, cfg.resume = args.checkpoint, False
    is_drawn = args.show or args.show_dir
    if is_drawn:
        use_pictures(
            cfg, show=args.show, show_dir=args.show_dir, wait_time=args.wait_time
        )
    if args.told_classes:
        use_told_classes(cfg)
    if args.tta:
        use_tta(cfg)
    if args.submission:
        prepare_submission(
            cfg,
            format_name=args.submission,
            out_file=args.out,
            checkpoint=args.checkpoint,
        )
    else:
        use_evaluators(cfg, is_output=bool(args.out or is_drawn))
    return cfg


def _config(args: Namespace) -> Config:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return load_config(
        args.config,
        work_dir=args.work_dir,
        options=args.cfg_options,
        launcher=args.launcher,
    )


def build_runner(cfg: Config) -> Runner:
    """Build the config's runner and add the ``ADDED`` hooks that it lacks.

    Its class is a subclass that prints a short log; the log file has everything.

    Raises:
        ValueError: ``runner_type`` is in no registry.
    """
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        _init_processes_without_gpu(cfg)
    name = cfg.get('runner_type', 'Runner')
    kind = RUNNERS.get(name)
    if kind is None:
        raise ValueError(f'runner_type is {name!r}, which is in no registry')
    short: Any = type(kind.__name__, (ShortConsole, kind), {})
    runner = short.from_cfg(cfg)
    runner.logger.info(f'Environment, config and hooks: {runner.logger.log_file}')
    present = {type(hook) for hook in runner.hooks}
    for hook in ADDED:
        if hook not in present:
            runner.register_hook(hook())
    return runner


def _init_processes_without_gpu(cfg: Config) -> None:
    """Initialise gloo in place of mmengine, which would select CUDA devices.

    Batch normalisation is not synchronised: torch supports that on GPUs only.
    """
    torch.distributed.init_process_group('gloo')
    atexit.register(_destroy_process_group)
    cfg.sync_bn = None
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    cfg.model_wrapper_cfg = {
        **cfg.get('model_wrapper_cfg', wrapper),
        'device_ids': None,
    }


def _destroy_process_group() -> None:
    """Leave the group before Python exits: gloo's threads would abort the process."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
