r"""Explain why a trained model works: told classes, swapped encodings, each class.

    python projects/evidence/explain.py CONFIG SEED0.pth SEED1.pth \
        --base BASE_CONFIG SEED0.pth SEED1.pth --page why_it_works.md

Checkpoints of one config are seeds of one model. Or take the trainings of a study:

    python projects/evidence/explain.py --study projects/evidence/studies/NAME.yaml \
        --label PISR --page projects/evidence/results/why_it_works.md
"""

import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from evidence.explanation import TrainedSeeds, trained_seeds, write_explanation
from evidence.study_file import read_study
from mmengine.config import DictAction


def main() -> None:
    """Parse the flags, examine, write, and print the page."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('config', nargs='?', type=Path, help='config file of the model')
    add('checkpoints', nargs='*', type=Path, help='its checkpoints, one for each seed')
    add('--page', type=Path, required=True, help='Markdown file to write')
    add('--base', nargs='+', type=Path, metavar='FILE', help='CONFIG CHECKPOINT...')
    add('--study', type=Path, help='study file, in place of config and checkpoints')
    add('--label', default='PISR', help='of the model, in the study and the page')
    add('--out', type=Path, default=Path('work_dirs/studies'), help='trained models')
    add('--device', default='cpu', help='cpu or cuda')
    add('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE')
    args = parser.parse_args()
    if bool(args.study) == bool(args.config and args.checkpoints):
        parser.error('give either CONFIG CHECKPOINT... or --study')
    if args.study and args.base:
        parser.error('--base is for CONFIG CHECKPOINT...; a study has its own base')

    command = shlex.join(['python', *sys.argv])
    models = models_of(args)
    print(
        write_explanation(models, page=args.page, command=command, device=args.device)
    )


def models_of(args: Namespace) -> list[TrainedSeeds]:
    """The model to explain, and, where it is given, the one without its relation."""
    if args.study:
        study = read_study(args.study)
        labels = dict.fromkeys([args.label, study.base.label])
        found = [trained_seeds(study, label, args.out) for label in labels]
    else:
        files = [(args.label, [args.config, *args.checkpoints])]
        files += [('base', args.base)] if args.base else []
        found = [
            TrainedSeeds(label, config, dict(enumerate(paths)), {})
            for label, (config, *paths) in files
        ]
    return [one._replace(options={**one.options, **args.cfg_options}) for one in found]


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f'explain.py: {error}')
