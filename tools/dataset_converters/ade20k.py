"""Make ADE20K panoptic: ``python ade20k.py data/ADEChallengeData2016``."""

import argparse

from converters.ade20k import FOLDERS, prepare_ade20k

from mmpisr.command_line import run_tool


def main() -> None:
    """Prepare it."""
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
    run_tool(parser, prepare_ade20k)


if __name__ == '__main__':
    main()
