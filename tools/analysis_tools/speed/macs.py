"""Multiply-accumulates of a model: convolutions and matrix products.

``tools/analysis_tools/get_macs.py`` lists what is counted. torch's ``FlopCounterMode``
counts; mmengine's ``get_model_complexity_info`` adds normalisation, leaves out matrix
products of the relation (``baddbmm``, custom autograd functions), and in a two-stage
model whatever no output tensor depends on.
"""

from collections.abc import Mapping
from copy import deepcopy

import torch
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmpisr.models.panoptic_deeplab import PanopticDeepLab
from mmpisr.registry import MODELS


def build_for_counting(cfg: Config) -> nn.Module:
    """Build a config's model in evaluation mode, ready for ``count_macs``.

    Args:
        cfg: A whole config; not changed.

    Returns:
        With random weights; a Panoptic-DeepLab on the meta device, others on the CPU.
    """
    model = build_for_all_work(cfg).eval()
    return model.to('meta') if isinstance(model, PanopticDeepLab) else model


def build_for_all_work(cfg: Config) -> BaseModel:
    """Build a model that computes as much as its ``test_cfg`` allows.

    Args:
        cfg: A whole config; not changed.

    Returns:
        With random weights, on the CPU. A two-stage model detects a thing in every
        proposal.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    config = deepcopy(cfg.model)
    keep_all_boxes(config)
    model = MODELS.build(config)
    for head in model.modules():
        if isinstance(head, BBoxHead):
            detect_first_class(head)
    return model


def keep_all_boxes(model: ConfigDict) -> None:
    """Switch off non-maximum suppression in a two-stage model's config, in place."""
    test_cfg = model.get('test_cfg') or ConfigDict()
    if 'rcnn' in test_cfg:
        test_cfg.rpn.nms.iou_threshold = 1.0
        test_cfg.rcnn.nms.iou_threshold = 1.0


def detect_first_class(head: BBoxHead) -> None:
    """Make a box head predict the first class with certainty in every proposal."""
    nn.init.zeros_(head.fc_cls.weight)
    nn.init.constant_(head.fc_cls.bias, -100)
    nn.init.zeros_(head.fc_cls.bias[:1])


@torch.no_grad()
def count_macs(model: nn.Module, shape: tuple[int, int]) -> dict[str, int]:
    """Count multiply-accumulates for one image.

    Args:
        model: In evaluation mode. On the meta device ``mode='tensor'`` runs, on other
            devices ``mode='predict'``.
        shape: (height, width) of the normalised input.

    Returns:
        Per submodule, by its dotted name, and ``'total'`` last. The total includes
        what runs outside of all submodules. If one submodule calls another (instance
        heatmaps call an RoI head), the work counts in both.
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
    """Make the data sample of an image that was neither resized nor padded."""
    sizes = ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')
    return DetDataSample(
        metainfo=dict.fromkeys(sizes, shape) | dict(scale_factor=(1.0, 1.0))
    )


def _with_uncalled_parents(macs: Mapping[str, int]) -> dict[str, int]:
    """Sum the children of modules whose ``forward`` was never called.

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
