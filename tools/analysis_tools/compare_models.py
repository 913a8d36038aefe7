"""Evaluate trained models on one test set and draw their predictions side by side.

``compare_models.py --model NAME CONFIG WORK_DIR --model ... --out FOLDER``
"""

from argparse import ArgumentParser
from pathlib import Path

from mmengine.config import DictAction

from mmpisr.apis.comparison import compare
from mmpisr.apis.trainings import TrainingRun


def main() -> None:
    """Parse the flags and compare."""
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    names = ('NAME', 'CONFIG', 'WORK_DIR')
    add('--model', nargs=3, action='append', required=True, metavar=names)
    add('--out', type=Path, required=True, help='folder of pictures and summary.json')
    add('--pictures', type=int, default=5, help='how many images are drawn')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()

    models = [TrainingRun(n, Path(c), Path(w)) for n, c, w in args.model]
    args.out.mkdir(parents=True, exist_ok=True)
    compare(models, out=args.out, num_pictures=args.pictures, options=args.cfg_options)


if __name__ == '__main__':
    main()
