"""Check COCO's panoptic layout and list test-dev: ``python coco.py data/coco``."""

import argparse

from converters.coco import SPLITS, prepare_coco

from mmpisr.command_line import run_tool


def main() -> None:
    """Prepare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', help='folder of COCO, e.g. data/coco')
    parser.add_argument(
        '--splits', nargs='+', choices=SPLITS, default=SPLITS, help='default: all'
    )
    run_tool(parser, prepare_coco)


if __name__ == '__main__':
    main()
