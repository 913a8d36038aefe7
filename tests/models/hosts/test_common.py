from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpisr.models.hosts import recorded, valid_pixels
from mmpisr.models.hosts.common import build_relation
from mmpisr.models.relations import PISR


def samples(*sizes, padded):
    return [SimpleNamespace(img_shape=size, batch_input_shape=padded) for size in sizes]


def test_a_relation_gets_missing_numbers_from_the_host():
    config = dict(type='mmpisr.PISR', num_instances=7)

    relation = build_relation(config, in_channels=8, num_classes=3)

    assert isinstance(relation, PISR)
    assert (relation.in_channels, relation.num_classes) == (8, 3)
    assert config == dict(type='mmpisr.PISR', num_instances=7)


@pytest.mark.parametrize('field', ['in_channels', 'num_classes'])
def test_a_number_that_differs_from_the_hosts_is_refused(field):
    config = dict(type='mmpisr.PISR', **{field: 5})

    with pytest.raises(ValueError, match=f'relation.{field} is 5.* 8'):
        build_relation(config, in_channels=8, num_classes=8)


def test_pixels_outside_the_image_are_padding():
    feats = torch.zeros(2, 1, 2, 4)

    mask = valid_pixels(samples((8, 16), (4, 9), padded=(8, 16)), feats)

    assert mask[0].all()
    assert mask[1].tolist() == [[True, True, True, False], [False] * 4]


def test_without_padding_there_is_no_mask():
    feats = torch.zeros(2, 1, 2, 4)

    assert valid_pixels(samples((8, 16), (8, 16), padded=(8, 16)), feats) is None
    assert valid_pixels(None, feats) is None


def test_the_last_call_is_recorded():
    layer = nn.ReLU()

    with recorded(layer) as call:
        layer(torch.tensor(-1.0))
        layer(torch.tensor(2.0))

    assert call.inputs[0] == call.output == 2
    assert not layer._forward_hooks


def test_a_module_that_was_not_called_is_an_error_at_the_end_of_the_block():
    with (
        pytest.raises(RuntimeError, match='ReLU was expected to be called'),
        recorded(nn.ReLU()),
    ):
        pass


def test_an_error_inside_the_block_is_raised_as_it_is():
    layer = nn.ReLU()

    with pytest.raises(KeyError, match='own'), recorded(layer):
        raise KeyError('own')

    assert not layer._forward_hooks
