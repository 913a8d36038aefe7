"""Make Cityscapes' panoptic json and pngs: ``python cityscapes.py data/cityscapes``.

The folder has ``gtFine`` and ``leftImg8bit``, or the official
``gtFine_trainvaltest.zip`` and ``leftImg8bit_trainvaltest.zip``, which need not be
unpacked. The result is that of cityscapesScripts' ``csCreatePanopticImgs``.
"""

import argparse

from converters.cityscapes import (
    SPLITS,
    check_cityscapes,
    convert_cityscapes,
)

from mmpisr.command_line import run_tool


def main() -> None:
    """Convert or check."""
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
    run_tool(parser, run)


def run(*, check_only: bool, train_ids: bool, **options) -> None:
    """Do what the command line says."""
    if check_only:
        check_cityscapes(**options)
    else:
        convert_cityscapes(train_ids=train_ids, **options)


if __name__ == '__main__':
    main()
