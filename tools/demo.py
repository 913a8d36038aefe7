"""Train with and without PISR on embedded scenes: ``python tools/demo.py``."""

from argparse import ArgumentParser
from pathlib import Path

from mmpisr.apis.commands import exit_on_sigterm
from mmpisr.apis.demo import run_demo
from mmpisr.apis.predict import DEMO_DIR

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs'
NAME = 'panoptic-deeplab_r18_1200-iter_scenes.py'


def main() -> None:
    """Parse the flags and run the demo."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('--data-root', type=Path, default=Path('data/scenes'))
    parser.add_argument('--work-dir', type=Path, default=DEMO_DIR)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    exit_on_sigterm()
    run_demo(
        {
            'base': CONFIGS / 'panoptic_deeplab' / NAME,
            'base + PISR': CONFIGS / 'pisr' / f'pisr_{NAME}',
        },
        script=TOOLS / 'train.py',
        data_root=args.data_root,
        out=args.work_dir,
        seed=args.seed,
    )


if __name__ == '__main__':
    main()
