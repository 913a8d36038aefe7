"""Predict while the classes that an image shows are known.

Every layer that predicts classes gives absent classes the lowest logit. The gain is an
upper estimate of what a relation can add by finding out which classes are present.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from mmdet.models.seg_heads import PanopticFPNHead
from torch import Tensor, nn

from mmpisr.evaluation.score_table import ScoreTable

from .scoring import ScoredModel

LAYERS = 'semantic_predictor', 'cls_embed', 'fc_cls', 'conv_logits'
"""Names of the layers that predict classes: Panoptic-DeepLab, queries, two-stage."""


def score_told_classes(scored: ScoredModel) -> ScoreTable | None:
    """Score all images, the classes that each shows being known.

    Returns:
        None where no layer of the model is known to predict classes.
    """
    layers = class_layers(scored.model)
    if not layers:
        return None
    return scored.score(
        lambda index: told_classes(layers, torch.from_numpy(scored.present(index)))
    )


def class_layers(model: nn.Module) -> dict[nn.Module, bool]:
    """Layers that predict classes, and whether they have stuff first, then things."""
    found = {}
    for name, module in model.named_modules():
        if name.endswith(LAYERS):
            parent = model.get_submodule(name.rpartition('.')[0])
            found[module] = isinstance(parent, PanopticFPNHead)
    return found


@contextmanager
def told_classes(layers: dict[nn.Module, bool], present: Tensor) -> Iterator[None]:
    """Rule out absent classes within the block; nothing where all are absent.

    Args:
        layers: See ``class_layers``.
        present: Which classes are there, bool, ``(N,)``.
    """
    handles = [
        layer.register_forward_hook(
            partial(_rule_out, present=present, stuff_first=stuff_first)
        )
        for layer, stuff_first in layers.items()
        if present.any()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _rule_out(
    layer: nn.Module, _: tuple, logits: Tensor, *, present: Tensor, stuff_first: bool
) -> Tensor:
    """Maps have their classes in dimension 1, queries and boxes in the last one."""
    dim = 1 if isinstance(layer, nn.Conv2d) else logits.dim() - 1
    size = logits.shape[dim]
    if stuff_first:  # stuff classes, and all things in one last channel
        things = len(present) - (size - 1)
        kept = torch.cat([present[things:], present[:things].any()[None]])
    else:  # maps have their classes only; queries and boxes end with 'no object'
        kept = present.new_ones(size)
        count = size if isinstance(layer, nn.Conv2d) else size - 1
        kept[:count] = present[:count]
    shape = [1] * logits.dim()
    shape[dim] = size
    gone = ~kept.to(logits.device).view(shape)
    return logits.masked_fill(gone, torch.finfo(logits.dtype).min)
