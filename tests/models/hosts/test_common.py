from types import SimpleNamespace

import pytest
import torch

from mmpisr.models.hosts.common import build_relation, valid_pixels
from mmpisr.models.relations import PISR


def samples(*sizes, padded):
    return [SimpleNamespace(img_shape=size, batch_input_shape=padded) for size in sizes]


def test_what_a_relation_leaves_out_comes_from_the_host():
    config = dict(type='mmpisr.PISR', num_instances=7)

    relation = build_relation(config, in_channels=8, num_classes=3)

    assert isinstance(relation, PISR)
    assert (relation.in_channels, relation.num_classes) == (8, 3)
    assert config == dict(type='mmpisr.PISR', num_instances=7)


@pytest.mark.parametrize('field', ['in_channels', 'num_classes'])
def test_a_number_that_disagrees_with_the_host_is_refused(field):
    config = dict(type='mmpisr.PISR', **{field: 5})

    with pytest.raises(ValueError, match=f'relation.{field} is 5.* 8'):
        build_relation(config, in_channels=8, num_classes=8)


def test_padding_is_what_lies_beyond_the_image():
    feats = torch.zeros(2, 1, 2, 4)

    mask = valid_pixels(samples((8, 16), (4, 9), padded=(8, 16)), feats)

    assert mask[0].all()
    assert mask[1].tolist() == [[True, True, True, False], [False] * 4]


def test_without_padding_there_is_no_mask():
    feats = torch.zeros(2, 1, 2, 4)

    assert valid_pixels(samples((8, 16), (8, 16), padded=(8, 16)), feats) is None
    assert valid_pixels(None, feats) is None
