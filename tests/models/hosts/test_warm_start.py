import pytest
import torch
from mmengine.runner import save_checkpoint
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn

from mmpisr.models.hosts.common import copy_base_heads_when_loaded
from mmpisr.models.hosts.query import QueryRefresh


class Host(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.final_head = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        copy_base_heads_when_loaded(self, 'head')


def head_state(seed: int) -> dict:
    torch.manual_seed(seed)
    return {
        f'head.{k}': torch.rand_like(v.float())
        for k, v in Host().head.state_dict().items()
    }


def equal(left: nn.Module, right: nn.Module) -> bool:
    pairs = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def test_final_heads_start_as_copies_and_are_reported_as_missing():
    host = Host()

    incompatible = host.load_state_dict(head_state(1), strict=False)

    assert equal(host.head, host.final_head)
    assert not incompatible.unexpected_keys
    assert {name.split('.')[0] for name in incompatible.missing_keys} == {'final_head'}


def test_a_host_inside_a_model_is_loaded_from_a_checkpoint_file(tmp_path):
    model = nn.ModuleDict({'panoptic_head': Host()})
    state = {f'panoptic_head.{k}': v for k, v in head_state(1).items()}
    save_checkpoint({'state_dict': state}, str(tmp_path / 'base.pth'))

    load_checkpoint(model, str(tmp_path / 'base.pth'))

    assert equal(model['panoptic_head'].head, model['panoptic_head'].final_head)


def test_a_checkpoint_of_the_host_keeps_its_own_final_heads():
    trained, host = Host(), Host()

    host.load_state_dict(trained.state_dict())

    assert equal(host.final_head, trained.final_head)
    assert not equal(host.final_head, host.head)


def test_nothing_is_copied_from_heads_that_were_not_loaded():
    host = Host()
    before = host.final_head[0].weight.clone()

    host.load_state_dict({}, strict=False)

    assert torch.equal(host.final_head[0].weight, before)


def drop(state: dict, *names: str) -> dict:
    return {key: value for key, value in state.items() if key not in names}


def test_fresh_layers_of_the_base_are_copied_with_the_loaded_ones():
    host = Host()
    fresh = host.head[0].weight.clone()

    host.load_state_dict(drop(head_state(1), 'head.0.weight'), strict=False)

    assert torch.equal(host.head[0].weight, fresh)
    assert equal(host.head, host.final_head)


def test_layers_that_start_fresh_in_both_stages_are_equal():
    host, trained = Host(), Host()
    state = drop(trained.state_dict(), 'head.0.bias', 'final_head.0.bias')

    host.load_state_dict(state, strict=False)

    assert torch.equal(host.final_head[0].bias, host.head[0].bias)
    assert torch.equal(host.final_head[0].weight, trained.final_head[0].weight)
    assert not torch.equal(host.final_head[0].weight, host.head[0].weight)


class GatedHost(nn.Module):
    """Heads of one layer each, as of query models."""

    def __init__(self) -> None:
        super().__init__()
        self.cls, self.mask = nn.Linear(2, 2), nn.Linear(2, 2)
        self.final_cls, self.final_mask = nn.Linear(2, 2), nn.Linear(2, 2)
        self.refresh = QueryRefresh(2, feat_channels=2)
        copy_base_heads_when_loaded(self, 'cls', 'mask')

    def is_open(self) -> bool:
        return bool(self.refresh.gate_norm.weight.any())


@pytest.mark.parametrize('stage', ['base', 'host'])
def test_a_head_that_starts_fresh_as_a_whole_is_copied_and_only_a_base_closes_gates(
    stage,
):
    host = GatedHost()
    state = drop(GatedHost().state_dict(), 'cls.weight', 'cls.bias')
    state = drop(state, 'final_cls.weight', 'final_cls.bias')
    if stage == 'base':
        state = {k: v for k, v in state.items() if k.startswith('mask.')}

    host.load_state_dict(state, strict=False)

    assert equal(host.cls, host.final_cls)
    assert equal(host.mask, host.final_mask) == (stage == 'base')
    assert host.is_open() == (stage == 'host')
