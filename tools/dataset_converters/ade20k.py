"""Make ADE20K panoptic: ``python ade20k.py data/ADEChallengeData2016``."""

import argparse
import sys

from mmpisr.datasets.converters.ade20k import FOLDERS, prepare_ade20k


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', help='folder ADEChallengeData2016')
    parser.add_argument(
        '--splits', nargs='+', choices=FOLDERS, default=list(FOLDERS), help='all'
    )
    parser.add_argument(
        '--paper-split',
        action='store_true',
        help='115 things and 35 stuff instead of 100 and 50, into files of their own; '
        'instances of the 15 more are connected regions',
    )
    parser.add_argument('--workers', type=int, default=2, help='processes')
    return parser.parse_args()


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        prepare_ade20k(
            args.root,
            splits=args.splits,
            paper_split=args.paper_split,
            workers=args.workers,
        )
    except (ValueError, OSError) as error:
        sys.exit(f'ade20k.py: {error}')


if __name__ == '__main__':
    main()
