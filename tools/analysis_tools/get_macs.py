"""Count the multiply-accumulates of a model: convolutions and matrix products.

    python tools/analysis_tools/get_macs.py CONFIG --shape 640 864

What is counted, for one image without padding:

- Panoptic-DeepLab: the network without grouping, on torch's meta device. Nothing is
  computed, so any size takes seconds.
- Every other model: one whole prediction of a black image on the CPU, with random
  weights, for what mmdet's heads do depends on values. Two-stage models are made to do
  the same amount of work whatever they predict: as many proposals as ``test_cfg.rpn``
  allows (1000) pass the box head, and as many detections as ``test_cfg.rcnn`` allows
  (100) the mask head.

No custom operator is a convolution or a matrix product: neither RoIAlign nor the
sampling of deformable attention is counted (their projections are), nor are
interpolation, normalisation and anything else element by element.
"""

import argparse
from collections.abc import Mapping
from copy import deepcopy

import torch
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.structures import DetDataSample
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmpisr.models.panoptic_deeplab import PanopticDeepLab
from mmpisr.registry import MODELS


def build_for_counting(cfg: Config) -> nn.Module:
    """Build a config's model in evaluation mode, where it can be counted.

    Args:
        cfg: A whole config; not changed.

    Returns:
        On the meta device if it is a Panoptic-DeepLab, or else on the CPU, with random
        weights.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    config = deepcopy(cfg.model)
    keep_all_boxes(config)
    model = MODELS.build(config).eval()
    for head in model.modules():
        if isinstance(head, BBoxHead):
            see_the_first_class_everywhere(head)
    return model.to('meta') if isinstance(model, PanopticDeepLab) else model


def keep_all_boxes(model: dict) -> None:
    """Suppress no box of a two-stage model's config, in place."""
    test_cfg = model.get('test_cfg') or {}
    if 'rcnn' in test_cfg:
        test_cfg.rpn.nms.iou_threshold = 1.0
        test_cfg.rcnn.nms.iou_threshold = 1.0


def see_the_first_class_everywhere(head: BBoxHead) -> None:
    """Let a box head find the first class in every proposal, with certainty."""
    nn.init.zeros_(head.fc_cls.weight)
    nn.init.constant_(head.fc_cls.bias, -100)
    nn.init.zeros_(head.fc_cls.bias[:1])


@torch.no_grad()
def count_macs(model: nn.Module, shape: tuple[int, int]) -> dict[str, int]:
    """Multiply-accumulates for one image.

    Args:
        model: In evaluation mode. On the meta device ``mode='tensor'`` is counted, on
            another one ``mode='predict'``.
        shape: (height, width) of the normalised input.

    Returns:
        Per submodule, by its dotted name, and ``'total'`` last. What no submodule
        accounts for is in the total only; what one submodule has another one do
        (instance heatmaps an RoI head) counts in both.
    """
    device = next(model.parameters()).device
    image = torch.zeros(1, 3, *shape, device=device)
    counter = FlopCounterMode(display=False)
    with counter:
        if device.type == 'meta':
            model(image, mode='tensor')
        else:
            model(image, [sample_of(shape)], mode='predict')
    flops = counter.get_flop_counts()
    root = type(model).__name__
    macs = {
        name: sum(flops.get(f'{root}.{name}', {}).values()) // 2
        for name, _ in model.named_modules()
        if name
    }
    return {**_with_uncalled_parents(macs), 'total': counter.get_total_flops() // 2}


def sample_of(shape: tuple[int, int]) -> DetDataSample:
    """What mmdet knows of an image that was neither resized nor padded."""
    sizes = ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')
    return DetDataSample(
        metainfo=dict.fromkeys(sizes, shape) | dict(scale_factor=(1.0, 1.0))
    )


def _with_uncalled_parents(macs: Mapping[str, int]) -> dict[str, int]:
    """Give a module that is run by another method than forward what its children do.

    Args:
        macs: By dotted name, parents before their children.
    """
    complete = dict(macs)
    for name in reversed(complete):
        if not complete[name]:
            depth = name.count('.') + 1
            complete[name] = sum(
                count
                for child, count in complete.items()
                if child.startswith(f'{name}.') and child.count('.') == depth
            )
    return complete


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
