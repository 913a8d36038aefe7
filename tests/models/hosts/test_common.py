from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpisr.models.hosts import recorded, valid_pixels
from mmpisr.models.hosts.common import build_relation, equal_numbers
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


def make_model(**numbers):
    """A neck with channels, and heads of two stages with class counts."""
    model = nn.Module()
    model.neck, model.heads = nn.Module(), nn.ModuleList([nn.Module(), nn.Module()])
    model.neck.channels = numbers.get('neck', 8)
    for head, classes in zip(model.heads, numbers.get('heads', (8, 8)), strict=True):
        head.classes = classes
    return model


def test_equal_numbers_are_returned_once_and_unknown_ones_are_left_out():
    fields = 'neck.channels', 'heads.classes', 'neck.width', 'none.channels'

    assert equal_numbers(make_model(), *fields, given=8, unknown=None) == 8
    assert equal_numbers(make_model(), 'none.channels') is None


@pytest.mark.parametrize(
    ('numbers', 'given', 'message'),
    [
        (dict(heads=(8, 7)), 8, r'neck\.channels is 8, but heads\[1\]\.classes is 7;'),
        (dict(neck=5), 8, r'neck\.channels is 5, but heads\[0\]\.classes is 8;'),
        (dict(), 4, r'neck\.channels is 8, but given is 4;'),
    ],
)
def test_numbers_that_differ_are_named_with_both_fields(numbers, given, message):
    with pytest.raises(ValueError, match=message):
        equal_numbers(
            make_model(**numbers), 'neck.channels', 'heads.classes', given=given
        )


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
