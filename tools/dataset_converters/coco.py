"""Check COCO's panoptic layout and list test-dev: ``python coco.py data/coco``."""

import argparse
import sys

from mmpisr.datasets.converters.coco import SPLITS, prepare_coco


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', help='folder of COCO, e.g. data/coco')
    parser.add_argument(
        '--splits', nargs='+', choices=SPLITS, default=SPLITS, help='default: all'
    )
    return parser.parse_args()


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        prepare_coco(args.root, splits=args.splits)
    except (ValueError, OSError) as error:
        sys.exit(f'coco.py: {error}')


if __name__ == '__main__':
    main()
