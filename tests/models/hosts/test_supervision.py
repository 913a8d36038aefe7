import pytest
import torch

from mmpisr.models.hosts import IntermediateSupervision


def test_the_total_is_gamma_times_intermediate_plus_final():
    supervise = IntermediateSupervision(gamma=0.5)
    first = {'loss_a': torch.tensor(2.0), 'loss_b': [torch.tensor(4.0)]}
    last = {'loss_a': torch.tensor(1.0), 'loss_b': [torch.tensor(3.0)]}

    losses = supervise(first, last)

    assert losses['intermediate.loss_a'] == 1.0
    assert losses['intermediate.loss_b'] == [2.0]
    assert losses['loss_a'] == 1.0
    assert losses['loss_b'] == [3.0]


def test_a_value_that_is_no_loss_is_not_weighted():
    losses = IntermediateSupervision(gamma=0.5)({'acc': torch.tensor(80.0)}, {})

    assert losses == {'intermediate.acc': torch.tensor(80.0)}


def test_gamma_zero_keeps_the_intermediate_stage_in_the_graph():
    weight = torch.ones(1, requires_grad=True)

    losses = IntermediateSupervision(gamma=0.0)({'loss': weight.sum()}, {})
    losses['intermediate.loss'].backward()

    assert torch.equal(weight.grad, torch.zeros(1))


def test_earlier_decoder_layers_keep_the_weight_of_the_base():
    layers = {'d0.loss_cls': torch.tensor(4.0), 'loss_cls': torch.tensor(4.0)}

    losses = IntermediateSupervision(gamma=0.5)(layers, {})
    halved = IntermediateSupervision(gamma=0.5, deep_supervision=0.5)(layers, {})

    assert losses['intermediate.d0.loss_cls'] == 4.0
    assert losses['intermediate.loss_cls'] == 2.0
    assert halved['intermediate.d0.loss_cls'] == 2.0


@pytest.mark.parametrize('name', ['gamma', 'deep_supervision'])
def test_a_negative_weight_is_refused(name):
    with pytest.raises(ValueError, match=f'{name}.*-1'):
        IntermediateSupervision(**{name: -1})
