"""Gradients of two processes with an image each equal those of one with both images.

Distributed training averages the gradients of its ranks. That gives the gradients of
the whole batch where a loss is divided by a number of the whole batch. Where a loss is
divided by a number of its rank, it is multiplied here by the rank's share of that
number. Batch norms are frozen, nothing is drawn at random, all numbers are float64.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
import torch
from fixed_samples import fixed_samples
from mmdet.structures import DetDataSample
from tiny_hosts import NEW, SIZES, build, make_batch
from torch import Tensor, distributed, nn
from torch.overrides import TorchFunctionMode
from two_ranks import Gradients, summed_gradients

from mmpisr.models.panoptic_deeplab.losses import stack_targets

pytestmark = pytest.mark.slow  # two processes that import mmdet
FAMILIES = sorted(NEW)
NMS = sys.modules['mmcv.ops.nms'].ext_module  # mmcv.ops.nms itself is a function


def gradients_of(images: list[int]) -> Gradients:
    """Gradients of every host on this rank, which sum to the mean over ranks."""
    with fixed_samples(), float64():
        return {family: host_gradients(family, images) for family in FAMILIES}


class Float64(TorchFunctionMode):
    """Replace float32 by float64 in calls of torch."""

    def __torch_function__(self, func, types, args=(), kwargs=None):  # noqa: D105
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        args = [torch.float64 if arg is torch.float32 else arg for arg in args]
        kwargs = {
            name: torch.float64 if arg is torch.float32 else arg
            for name, arg in (kwargs or {}).items()
        }
        return func(*args, **kwargs)


@contextmanager
def float64() -> Iterator[None]:
    """Compute in float64, except for NMS, which does not support it on CPUs."""
    suppress = NMS.nms

    def suppress_float32(boxes: Tensor, scores: Tensor, **options) -> Tensor:
        arrays = [values.numpy().astype(np.float32) for values in (boxes, scores)]
        return suppress(*map(torch.from_numpy, arrays), **options)

    torch.set_default_dtype(torch.float64)
    try:
        with Float64(), patch.object(NMS, 'nms', suppress_float32):
            yield
    finally:
        torch.set_default_dtype(torch.float32)


def host_gradients(family: str, images: list[int]) -> dict[str, Tensor]:
    """Gradients of one host on this rank, which sum to the mean over ranks."""
    host = build(family, host=True).eval()
    make_averages_exact(host)
    batch = make_batch(family, *SIZES)
    first = batch['data_samples'][0]
    first.gt_instances = first.gt_instances[:1]  # the second image has more objects
    batch = {key: [values[image] for image in images] for key, values in batch.items()}
    data = host.data_preprocessor(batch, training=True)
    for sample in data['data_samples']:
        if 'bboxes' in sample.gt_instances:
            sample.gt_instances.bboxes = sample.gt_instances.bboxes.double()

    with counted_rois(host) as rois:
        losses = host(**data, mode='loss')
    weights = rank_weights(host, data['data_samples'], rois)
    parts = []
    for name, value in losses.items():
        if 'loss' in name:
            share = share_of(weights.get(name.split('.')[-1]))
            parts.append(share * sum(value if isinstance(value, list) else [value]))
    sum(parts).backward()
    return {
        name: parameter.grad
        for name, parameter in host.named_parameters()
        if parameter.requires_grad
    }


def make_averages_exact(host: nn.Module) -> None:
    """Keep all pixels, weight classes equally, fill the samples of every image."""
    for module in host.modules():
        if hasattr(module, 'top_ratio'):
            module.top_ratio = 1
        if hasattr(module, 'class_weight') and module.class_weight is not None:
            module.class_weight = [1.0] * len(module.class_weight)
        if hasattr(module, 'bbox_sampler'):
            module.bbox_sampler.num = 32


@contextmanager
def counted_rois(host: nn.Module) -> Iterator[list[int]]:
    """Numbers of regions in the mask loss of the final stage."""
    counts = []
    if not hasattr(host, 'final_roi_head'):
        yield counts
        return
    handle = host.final_roi_head.mask_head.register_forward_hook(
        lambda _, __, masks: counts.append(len(masks))
    )
    yield counts
    handle.remove()


def rank_weights(
    host: nn.Module, samples: list[DetDataSample], rois: list[int]
) -> dict[str, Tensor]:
    """Divisor of each loss that depends on the rank, by the loss's name."""
    if hasattr(host, 'final_panoptic_head'):
        targets = stack_targets(samples, samples[0].batch_input_shape, ignore_index=255)
        return dict(
            loss_semantic=(targets.semantic_weights > 0).sum(),
            loss_center=targets.center_weights.sum(),
            loss_offset=targets.offset_weights.sum(),
        )
    return dict(loss_mask=torch.tensor(sum(rois))) if rois else {}


def share_of(weight: Tensor | None) -> float:
    """A rank's share of a weight of all ranks; None: equal shares."""
    if not distributed.is_initialized():
        return 1.0
    if weight is None:
        return 1 / distributed.get_world_size()
    whole = weight.double().clone()
    distributed.all_reduce(whole)
    return weight.item() / whole.item()


@pytest.fixture(scope='module')
def of_two_processes(tmp_path_factory):
    return summed_gradients(__file__, 'gradients_of', tmp_path_factory.mktemp('ranks'))


@pytest.fixture(scope='module')
def of_one_process():
    return gradients_of([0, 1])


@pytest.mark.parametrize('family', FAMILIES)
def test_two_processes_train_a_host_as_one_does(
    family, of_two_processes, of_one_process
):
    expected, actual = of_one_process[family], of_two_processes[family]

    assert expected.keys() == actual.keys()
    largest = max(gradient.abs().max() for gradient in expected.values())
    for name, gradient in expected.items():
        allowed = 1e-7 * gradient.abs().max() + 1e-13 * largest  # mmdet adds an epsilon
        assert (actual[name] - gradient).abs().max() < allowed, name
