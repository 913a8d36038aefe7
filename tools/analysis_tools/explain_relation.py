"""Explain why a trained relation works: scores, swapped encodings, deciders.

    python tools/analysis_tools/explain_relation.py \
        configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py SEED0.pth SEED1.pth \
        --base configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py B.pth \
        --out docs/results/why_it_works

Checkpoints of one config are seeds of one model. Or take the trainings of a study, and
those of its base:

    python tools/analysis_tools/explain_relation.py \
        --study configs/studies/relations_scenes.yaml --label PISR \
        --out docs/results/why_it_works

Writes ``README.md`` and figures into ``--out``. Every host has the scores; swapping
needs PISR, and deciders need the embedded scenes.
"""

import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from mmengine.config import DictAction

from mmpisr.explanations.examination import TrainedSeeds, examine
from mmpisr.explanations.report import write_explanation
from mmpisr.explanations.study_seeds import study_seeds
from mmpisr.studies.study_file import read_study


def main() -> None:
    """Parse the flags, examine, write, and print the page."""
    args = parse_args()
    trained, base = models_of(args)
    examined = [
        examine(one, device=args.device, swap_seed=args.swap_seed)
        for one in (trained, base)
        if one is not None
    ]
    command = f'python {shlex.join(sys.argv)}'
    print(
        write_explanation(
            examined[0],
            examined[1] if base is not None else None,
            out=args.out,
            command=command,
        )
    )


def parse_args() -> Namespace:
    """Read and check the flags."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('config', nargs='?', type=Path, help='config file of the model')
    add('checkpoints', nargs='*', type=Path, help='its checkpoints, one a seed')
    add('--out', type=Path, required=True, help='folder of the page')
    add('--base', nargs='+', type=Path, metavar='FILE', help='CONFIG CHECKPOINT...')
    add('--study', type=Path, help='yaml file, in place of config and checkpoints')
    add('--label', default='PISR', help='of the model, in the study and the page')
    add(
        '--runs',
        type=Path,
        default=Path('work_dirs/studies'),
        help="folder of the studies' trainings (work_dirs/studies)",
    )
    add('--device', default='cpu', help='cpu or cuda')
    add('--swap-seed', type=int, default=0, help='of the choice of other images')
    for flag, whose in (('--cfg-options', 'both models'), ('--options', 'the model')):
        add(
            flag,
            nargs='+',
            action=DictAction,
            default={},
            metavar='KEY=VALUE',
            help=f'override settings in the config of {whose}',
        )
    args = parser.parse_args()
    if bool(args.study) == bool(args.config):
        parser.error('give either CONFIG CHECKPOINT... or --study')
    return args


def models_of(args: Namespace) -> tuple[TrainedSeeds, TrainedSeeds | None]:
    """The model to explain, and the one without its relation."""
    if args.study:
        study = read_study(args.study)
        labels = dict.fromkeys([args.label, study.base.label])
        found = [
            study_seeds(study, label, runs=args.runs, options=args.cfg_options)
            for label in labels
        ]
        return found[0], found[1] if len(found) > 1 else None
    own = {**args.cfg_options, **args.options}
    trained = TrainedSeeds(args.label, args.config, args.checkpoints, own)
    if not args.base:
        return trained, None
    config, *checkpoints = args.base
    return trained, TrainedSeeds('base', config, checkpoints, args.cfg_options)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'explain_relation.py: {error}')
