"""Count the multiply-accumulates of a model: convolutions and matrix products.

    python tools/analysis_tools/get_macs.py CONFIG --shape 1024 2048

Nothing is computed: the model lives on torch's meta device, so any size takes seconds.
"""

import argparse

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmpisr.registry import MODELS


def build_without_weights(cfg: Config) -> nn.Module:
    """Build a config's model in evaluation mode on the meta device."""
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    with torch.device('meta'):
        return MODELS.build(cfg.model).to('meta').eval()


@torch.no_grad()
def count_macs(model: nn.Module, shape: tuple[int, int]) -> dict[str, int]:
    """Multiply-accumulates of ``mode='tensor'`` for one image.

    Args:
        model: On the meta device.
        shape: (height, width) of the normalised input.

    Returns:
        Per child of the model, by name, in the order of its children, and ``'total'``
        last. What no child accounts for is in the total only.
    """
    counter = FlopCounterMode(display=False)
    with counter:
        model(torch.empty(1, 3, *shape, device='meta'), mode='tensor')
    root = type(model).__name__
    flops = {
        name: sum(counter.get_flop_counts().get(f'{root}.{name}', {}).values())
        for name, _ in model.named_children()
    }
    flops['total'] = counter.get_total_flops()
    return {name: count // 2 for name, count in flops.items()}


def main() -> None:
    """Print one line for each child, and the sum."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose model is counted')
    parser.add_argument(
        '--shape', type=int, nargs=2, default=(1024, 2048), metavar=('H', 'W')
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()

    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    height, width = args.shape
    macs = count_macs(build_without_weights(cfg), (height, width))
    print(f'GMACs of convolutions and matrix products at {height} x {width}')
    for name, count in macs.items():
        if count:
            print(f'{name:24s}{count / 1e9:10.1f}')


if __name__ == '__main__':
    main()
