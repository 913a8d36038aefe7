"""Make Cityscapes' panoptic json and pngs: ``python cityscapes.py data/cityscapes``.

The folder has ``gtFine`` and ``leftImg8bit``, or the official
``gtFine_trainvaltest.zip`` and ``leftImg8bit_trainvaltest.zip``, which need not be
unpacked. The result is that of cityscapesScripts' ``csCreatePanopticImgs``.
"""

import argparse
import sys

from mmpisr.datasets.converters.cityscapes import (
    SPLITS,
    check_cityscapes,
    convert_cityscapes,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', nargs='?', default='data/cityscapes')
    parser.add_argument(
        '--splits',
        nargs='+',
        choices=SPLITS,
        help='default: train and val, and test where its images are there',
    )
    parser.add_argument(
        '--train-ids', action='store_true', help='write the twin with train ids'
    )
    parser.add_argument('--workers', type=int, default=2, help='processes')
    parser.add_argument(
        '--check-only', action='store_true', help='read and check, write nothing'
    )
    return parser.parse_args()


def main() -> None:
    """Convert or check; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        run(args)
    except (ValueError, OSError) as error:
        sys.exit(f'cityscapes.py: {error}')


def run(args: argparse.Namespace) -> None:
    """Do what the command line says."""
    if args.check_only:
        check_cityscapes(args.root, splits=args.splits, workers=args.workers)
    else:
        convert_cityscapes(
            args.root,
            splits=args.splits,
            train_ids=args.train_ids,
            workers=args.workers,
        )


if __name__ == '__main__':
    main()
