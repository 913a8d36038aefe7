"""Count the multiply-accumulates of a model: convolutions and matrix products.

    python tools/analysis_tools/get_macs.py CONFIG --shape 640 864

What is counted, for one image without padding:

- Panoptic-DeepLab: the network without grouping, on torch's meta device. Nothing is
  computed, so any size takes seconds.
- Every other model: the prediction of a black image on the CPU, with random weights,
  because the work of mmdet's heads depends on values. In two-stage models the work is
  fixed: the box head always gets as many proposals as ``test_cfg.rpn`` allows (1000),
  and the mask head as many detections as ``test_cfg.rcnn`` allows (100).

No custom operator is a convolution or a matrix product: neither RoIAlign nor the
sampling of deformable attention is counted (their projections are), nor are
interpolation, normalisation and anything else element by element.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from mmengine.config import Config, DictAction
from speed.macs import build_for_counting, count_macs


def main() -> None:
    """Print one line for each child, and the sum."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose model is counted')
    parser.add_argument(
        '--shape', type=int, nargs=2, default=(1024, 2048), metavar=('H', 'W')
    )
    parser.add_argument(
        '--depth', type=int, default=1, help='levels of submodules to show'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()

    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    height, width = args.shape
    macs = count_macs(build_for_counting(cfg), (height, width))
    print(f'GMACs of convolutions and matrix products at {height} x {width}')
    for name, count in macs.items():
        if count and name.count('.') < args.depth:
            print(f'{name:36s}{count / 1e9:10.1f}')


if __name__ == '__main__':
    main()
