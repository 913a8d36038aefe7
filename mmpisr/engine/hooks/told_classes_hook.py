"""Predict while the classes that an image shows are known.

Every layer that predicts classes gives absent classes the lowest logit. The gain is an
upper estimate of what a relation can add by finding out which classes are present.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from mmdet.models.seg_heads import PanopticFPNHead
from mmdet.structures import DetDataSample
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmpisr.engine.layer_fit import bare_model
from mmpisr.evaluation.slot_matching import present_classes
from mmpisr.registry import HOOKS

LAYERS = 'semantic_predictor', 'cls_embed', 'fc_cls', 'conv_logits'
"""Names of the layers that predict classes: Panoptic-DeepLab, queries, two-stage."""


@HOOKS.register_module()
class ToldClassesHook(Hook):
    """Rule out, in a test, the classes that the truth of an image does not show.

    Needs ``test_dataloader.batch_size=1`` and a test pipeline that loads the truth.

    Raises:
        ValueError: At the first image: the batch is larger, the truth is not loaded, or
            no layer of the model is known to predict classes.
    """

    def before_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Rule out the absent classes of one image."""
        sample, *others = data_batch['data_samples']
        if others or not isinstance(sample, DetDataSample):
            raise ValueError(
                f'ToldClassesHook: a batch has {len(others) + 1} images or views; set '
                'test_dataloader.batch_size=1, and test without augmentation'
            )
        model = bare_model(runner.model)
        layers = class_layers(model)
        if not layers:
            raise ValueError(
                f'ToldClassesHook: {type(model).__name__} has none of the layers '
                f'{LAYERS}, so it is not known where it predicts classes'
            )
        if 'gt_panoptic_seg' not in sample:
            raise ValueError(
                f'{sample.get("img_path")}: its truth is not loaded; the test pipeline '
                'needs mmpisr.LoadPanopticSegments'
            )
        classes = runner.test_dataloader.dataset.metainfo['classes']
        present = present_classes(sample.gt_panoptic_seg.sem_seg, len(classes))
        self._stack = ExitStack()
        self._stack.enter_context(told_classes(layers, present))

    def after_test_iter(self, *args: Any, **kwargs: Any) -> None:
        """Predict all classes again."""
        self._stack.close()


def class_layers(model: nn.Module) -> dict[nn.Module, bool]:
    """Layers that predict classes, and whether they have stuff first, then things."""
    found = {}
    for name, module in model.named_modules():
        if name.endswith(LAYERS):
            parent = model.get_submodule(name.rpartition('.')[0])
            found[module] = isinstance(parent, PanopticFPNHead)
    return found


@contextmanager
def told_classes(layers: Mapping[nn.Module, bool], present: Tensor) -> Iterator[None]:
    """Rule out absent classes within the block; nothing where all are absent.

    Args:
        layers: See ``class_layers``.
        present: Which classes are there, bool, ``(N,)``.
    """
    with ExitStack() as hooks:
        for layer, stuff_first in layers.items() if present.any() else ():
            rule_out = partial(_rule_out, present=present, stuff_first=stuff_first)
            hooks.enter_context(layer.register_forward_hook(rule_out))
        yield


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
