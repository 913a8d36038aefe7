"""Time network, prediction and training of several models in turns, in one process.

    python tools/analysis_tools/benchmark_speed.py BASE.py PISR.py --shape 128 192
    python tools/analysis_tools/benchmark_speed.py LIST.yaml --shape 128 192 --out FILE

A model is a config or an entry of ``models`` in a yaml file, such as
``docs/benchmarks/widths_panoptic-deeplab_r52.yaml``; ``--only`` takes some of them.
All models are compared with the first. Needs no data and no checkpoint. ``--work``
takes some of: ``network``, from normalised images to raw outputs; ``postprocess``, from
there to panoptic maps (Panoptic-DeepLab only); ``predict``, from images to panoptic
maps; ``train``, a training step.
"""

import os
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import torch
from mmengine.config import Config, DictAction
from mmengine.fileio import load
from mmengine.logging import MMLogger
from speed.origin import code_version, machine
from speed.page import speed_page
from speed.timing import WORK, Setup, TimedModel, time_in_turns

from mmpisr.apis.option_flags import flatten
from mmpisr.apis.run_options import load_config
from mmpisr.files import write_atomically

AMP = (
    'autocast: float16 on a GPU, bfloat16 on a CPU (where the operators of two-stage '
    'models do not support it)'
)
INSTANCES = 'that a Panoptic-DeepLab finds in an image; test_cfg.top_k bounds them'


def main() -> None:
    """Build all models, time them, print the page."""
    args = parse_args()
    MMLogger.get_instance('benchmark', log_level='ERROR')
    height, width = args.shape
    setup = Setup((height, width), args.batch, args.device, args.amp, args.instances)
    busy = os.getloadavg()[0]
    models = {name: TimedModel(cfg, setup) for name, cfg in configs(args)}
    work = work_of_any(models, args.work)
    costs = {name: model.cost(work) for name, model in models.items()}
    spent = time_in_turns(models, turns=args.turns, work=work)
    command = shlex.join(['python', *sys.argv])
    about = {**machine(), **code_version(), 'threads': torch.get_num_threads()}
    about = {**about, 'load': busy}
    text = speed_page(spent, costs, setup, command=command, about=about)
    print(text)
    if args.out:
        write_atomically(args.out, text)


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('models', nargs='+', type=Path, metavar='CONFIG|LIST.yaml')
    add('--shape', type=int, nargs=2, required=True, metavar=('H', 'W'))
    add('--batch', type=int, default=1, help='images at once')
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    add('--amp', action='store_true', help=AMP)
    add('--turns', type=int, default=20, help='of each model')
    add('--work', nargs='+', choices=WORK, default=WORK, help='all by default')
    add('--instances', type=int, default=20, metavar='N', help=INSTANCES)
    add('--only', nargs='+', default=[], metavar='LABEL', help='names of models')
    add('--cfg-options', nargs='+', action=DictAction, default={}, help='of all models')
    add('--out', type=Path, help='page to write')
    args = parser.parse_args()
    for name in ('batch', 'turns', 'instances'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} is {getattr(args, name)}, expected at least 1')
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(f'--device {args.device}, but torch finds no GPU')
    return args


def work_of_any(models: Mapping[str, TimedModel], work: Sequence[str]) -> list[str]:
    """Select the work that at least one of the models does.

    Raises:
        ValueError: No model does any of it.
    """
    found = [w for w in work if any(model.does(w) for model in models.values())]
    if not found:
        raise ValueError(f'--work {" ".join(work)} is not done by any of {[*models]}')
    return found


def configs(args: Namespace) -> Iterator[tuple[str, Config]]:
    """Yield name and config of each model, the reference first.

    Raises:
        ValueError: ``--only`` has an unknown name, or two models have the same name.
    """
    found = [model for path in args.models for model in models_of(path)]
    names = [name for name, _, _ in found]
    if unknown := [label for label in args.only if label not in names]:
        raise ValueError(f'--only {unknown}: no models, there are {names}')
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f'{doubled} are names of several models among {names}')
    for name, path, options in found:
        if not args.only or name in args.only:
            merged = {**options, **args.cfg_options}
            yield name, load_config(str(path), options=merged)


def models_of(path: Path) -> list[tuple[str, Path, Mapping[str, Any]]]:
    """Read name, config and options of a config, or of each entry of a yaml file.

    Raises:
        ValueError: An entry lacks its name or its config.
    """
    if path.suffix != '.yaml':
        return [(path.stem, path, {})]
    found = []
    for index, entry in enumerate(load(path)['models']):
        if missing := {'name', 'config'} - {*entry}:
            raise ValueError(
                f'{path}: models[{index}] lacks {sorted(missing)}: {entry}'
            )
        options = flatten(entry.get('options') or {})
        found.append((entry['name'], path.parent / entry['config'], options))
    return found


if __name__ == '__main__':
    try:
        main()
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'benchmark_speed.py: {error}')
