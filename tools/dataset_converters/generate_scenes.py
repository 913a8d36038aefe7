"""Make the embedded dataset: ``python generate_scenes.py --out data/scenes``."""

import argparse

from mmpisr.datasets.scenes import generate_scenes


def main() -> None:
    """Make it, unless it is there already."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument('--out', default='data/scenes', help='folder of the dataset')
    parser.add_argument('--num-train', type=int, default=400, help='training scenes')
    parser.add_argument('--num-val', type=int, default=100, help='evaluation scenes')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(128, 192),
        metavar=('HEIGHT', 'WIDTH'),
        help='of every scene, in pixels',
    )
    parser.add_argument('--seed', type=int, default=0, help='same seed, same bytes')
    parser.add_argument('--workers', type=int, default=2, help='processes')
    args = parser.parse_args()
    generate_scenes(**vars(args))
    print(f'{args.num_train} + {args.num_val} scenes are in {args.out}')


if __name__ == '__main__':
    main()
