"""Time network, prediction and training of several models in turns, in one process.

    python tools/analysis_tools/benchmark_speed.py BASE.py PISR.py --shape 128 192
    python tools/analysis_tools/benchmark_speed.py STUDY.yaml --shape 128 192 --out FILE

A model is a config or a variant of a study file, of which ``--only`` takes some.
Every other one is compared with the first. No data and no checkpoint is needed.
``--work`` takes some of: the ``network`` alone, from normalised images to raw outputs;
``postprocess``, from there to panoptic maps (Panoptic-DeepLab only); ``predict``, the
whole; and a step of ``train``. With ``--records docs/results/runs`` the ratios of
prediction and training of a study are kept for its report.
"""

import os
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger

from mmpisr.apis.run_options import load_config
from mmpisr.apis.speed import WORK, Setup, TimedModel, ratios, time_in_turns
from mmpisr.apis.speed_page import speed_page
from mmpisr.files import write_atomically
from mmpisr.studies.provenance import code_version, machine
from mmpisr.studies.records import RunRecords
from mmpisr.studies.study_file import read_study
from mmpisr.studies.time_ratios import FIELDS, write_time_ratios

AMP = (
    'autocast: float16 on a GPU, bfloat16 on a CPU, which the CPU operators of '
    'two-stage models do not know'
)
INSTANCES = 'that a Panoptic-DeepLab finds in an image; test_cfg.top_k bounds them'


def main() -> None:
    """Build all models, time them, print the page."""
    args = parse_args()
    MMLogger.get_instance('benchmark', log_level='ERROR')
    height, width = args.shape
    setup = Setup((height, width), args.batch, args.device, args.amp, args.instances)
    load = os.getloadavg()[0]
    models = {name: TimedModel(cfg, setup) for name, cfg in configs(args)}
    work = work_of_any(models, args.work)
    costs = {name: model.cost(work) for name, model in models.items()}
    spent = time_in_turns(models, turns=args.turns, work=work)
    command = shlex.join(['python', *sys.argv])
    about = {**machine(), **code_version(), 'threads': torch.get_num_threads()}
    about = {**about, 'load': load}
    text = speed_page(spent, costs, setup, command=command, about=about)
    print(text)
    if args.out:
        write_atomically(args.out, text)
    if args.records:
        study = read_study(args.models[0])
        found = {w: ratios(times) for w, times in spent.items() if w in FIELDS}
        kept = dict(date=str(date.today()), command=command, **about)
        path = RunRecords(args.records).times_file(study.name)
        write_time_ratios(path, study, found, kept)


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('models', nargs='+', type=Path, metavar='CONFIG|STUDY.yaml')
    add('--shape', type=int, nargs=2, required=True, metavar=('H', 'W'))
    add('--batch', type=int, default=1, help='images at once')
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    add('--amp', action='store_true', help=AMP)
    add('--turns', type=int, default=20, help='of each model')
    add('--work', nargs='+', choices=WORK, default=WORK, help='all by default')
    add('--instances', type=int, default=20, metavar='N', help=INSTANCES)
    add('--only', nargs='+', default=[], metavar='LABEL', help='variants of a study')
    add('--cfg-options', nargs='+', action=DictAction, default={}, help='of all models')
    add('--out', type=Path, help='page to write')
    add('--records', type=Path, help='keep the ratios of one study for its report')
    args = parser.parse_args()
    for name in ('batch', 'turns', 'instances'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} is {getattr(args, name)}, expected at least 1')
    studies = [path.suffix == '.yaml' for path in args.models]
    if args.records and (studies != [True] or args.only or args.cfg_options):
        parser.error('--records is for one whole study: no --only, no --cfg-options')
    if args.records and not FIELDS.keys() & set(args.work):
        parser.error(f'--records keeps {[*FIELDS]}, but --work is {args.work}')
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(f'--device {args.device}, but torch finds no GPU')
    return args


def work_of_any(models: Mapping[str, TimedModel], work: Sequence[str]) -> list[str]:
    """The work that at least one of the models has.

    Raises:
        ValueError: None has any of it.
    """
    found = [w for w in work if any(model.does(w) for model in models.values())]
    if not found:
        raise ValueError(f'--work {" ".join(work)} is not done by any of {[*models]}')
    return found


def configs(args: Namespace) -> Iterator[tuple[str, Config]]:
    """Name and config of each model; the first is what others are compared with.

    Raises:
        ValueError: ``--only`` names a label that no model has, or names are doubled.
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
    """Name, config and options of a config, or of each variant of a study."""
    if path.suffix != '.yaml':
        return [(path.stem, path, {})]
    study = read_study(path)
    return [(v.label, v.config, study.options_of(v)) for v in study.variants]


if __name__ == '__main__':
    try:
        main()
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'benchmark_speed.py: {error}')
