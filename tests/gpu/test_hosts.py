"""Every host on a GPU: as on a CPU, in mixed precision, and deterministic."""

import re
import warnings

import pytest
import torch
from fixed_samples import fixed_samples
from tiny_hosts import SIZES, build, load_config, losses_of, make_batch
from torch import Tensor, nn

from mmpisr.registry import MODELS

STEPS = 20
POSITIONS = 'cumsum_cuda_kernel'  # mmdet's SinePositionalEncoding
SAMPLES = 'grid_sampler_2d_backward_cuda'  # mmcv's point_sample, mmdet's paste_mask
POOLS = 'adaptive_avg_pool2d_backward_cuda'  # mmseg's PPM
NONDETERMINISTIC = {
    'panoptic-deeplab': set(),
    'panoptic-fpn': {SAMPLES},
    'upernet': {SAMPLES, POOLS},
    'maskformer': {POSITIONS},
    'mask2former': {POSITIONS, SAMPLES},
}


def untrained(family: str) -> nn.Module:
    """The host as training begins, with gradients of the usual size."""
    torch.manual_seed(0)
    host = MODELS.build(load_config(family, host=True).model)
    host.init_weights()
    return host


def losses_on(device: torch.device, host: nn.Module, batch: dict) -> dict[str, Tensor]:
    with fixed_samples():
        losses = losses_of(host.to(device), batch)
    return {name: loss.detach().cpu() for name, loss in losses.items()}


@torch.no_grad()
def panoptic_on(device: torch.device, host: nn.Module, batch: dict) -> list[Tensor]:
    samples = host.to(device).test_step(batch)
    return [sample.pred_panoptic_seg.sem_seg.cpu() for sample in samples]


def test_losses_are_those_of_a_cpu(family, device):
    host, batch = build(family, host=True).eval(), make_batch(family, *SIZES)

    expected = losses_on(torch.device('cpu'), host, batch)
    actual = losses_on(device, host, batch)

    assert expected.keys() == actual.keys()
    torch.testing.assert_close(actual, expected, rtol=0.02, atol=1e-3)


def test_predictions_are_those_of_a_cpu(family, device):
    host, batch = build(family, host=True).eval(), make_batch(family, *SIZES)

    expected = panoptic_on(torch.device('cpu'), host, batch)
    actual = panoptic_on(device, host, batch)

    for one, other in zip(actual, expected, strict=True):
        assert (one != other).float().mean() < 0.01


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_steps_in_mixed_precision_stay_finite(family, dtype, device):
    batch = make_batch(family, *SIZES)
    host = untrained(family).to(device).train()
    optimizer = torch.optim.SGD(host.parameters(), 1e-4)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    norms = []

    for _ in range(STEPS):
        with torch.autocast(device.type, dtype=dtype):
            losses = losses_of(host, batch)
        assert all(loss.isfinite() for loss in losses.values())
        optimizer.zero_grad()
        scaler.scale(sum(losses.values())).backward()
        scaler.unscale_(optimizer)
        norms.append(nn.utils.clip_grad_norm_(host.parameters(), 1.0))
        scaler.step(optimizer)
        scaler.update()

    assert all(norm.isfinite() for norm in norms[-5:])  # by then the scale fits
    assert all(parameter.isfinite().all() for parameter in host.parameters())


@pytest.mark.usefixtures('deterministic')
def test_a_step_has_no_nondeterministic_operations_but_those_of_openmmlab(
    family, device
):
    host = build(family, host=True).to(device).train()
    batch = make_batch(family, *SIZES)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        sum(losses_of(host, batch).values()).backward()

    texts = [str(warning.message) for warning in caught]
    pattern = re.compile(r"'?(\w+)'? does not have a deterministic implementation")
    found = {match[1] for match in map(pattern.search, texts) if match}
    assert found <= NONDETERMINISTIC[family]
