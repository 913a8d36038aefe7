import numpy as np
import pytest
import torch
from evidence.swap import derangement, part_rows, recorded_encodings, swap

from mmpisr.models.relations import PISR
from mmpisr.visualization.changed_encodings import Encodings, changed_encodings

N, K, C = 2, 3, 4


@pytest.fixture
def pisr():
    torch.manual_seed(0)
    return PISR(C, num_classes=N, num_instances=K, channels=8).eval()


def inputs(seed=0):
    generator = torch.Generator().manual_seed(seed)
    feats = torch.randn(1, C, 6, 8, generator=generator)
    probs = torch.randn(1, N, 6, 8, generator=generator).softmax(1)
    heatmaps = torch.rand(1, K, 6, 8, generator=generator)
    return feats, probs, heatmaps, torch.tensor([[True, seed != 0, False]])


@torch.no_grad()
def test_what_is_recorded_is_weighted_by_the_scores(pisr):
    with recorded_encodings(pisr) as kept:
        output = pisr(*inputs())

    expected = output.encodings * output.scores.unsqueeze(-1)
    torch.testing.assert_close(kept[0].values, expected)
    assert kept[0].valid.tolist() == [[True, True, True, False, False]]
    assert len(kept) == 1


@torch.no_grad()
def test_own_encodings_change_nothing_and_others_change_features_alone(pisr):
    expected = pisr(*inputs())
    rows = part_rows(N, N + K, 'all')
    for seed in (0, 1):
        with recorded_encodings(pisr) as kept:
            pisr(*inputs(seed))
        with changed_encodings(pisr, lambda own: swap(own, kept[0], rows)):  # noqa: B023
            found = pisr(*inputs())
        assert found.feats.equal(expected.feats) == (seed == 0)
        assert found.scores.equal(expected.scores)
    assert pisr(*inputs()).feats.equal(expected.feats)


@pytest.mark.parametrize(
    ('part', 'taken'),
    [('all', [0, 1, 2, 3, 4]), ('classes', [0, 1]), ('slots', [2, 3, 4])],
)
def test_a_part_is_taken_with_what_is_valid_there(part, taken):
    def encodings(value, *valid):
        values = torch.full((1, N + K, C), float(value))
        return Encodings(values, torch.tensor([[True, True, *valid]]))

    own, other = encodings(1, True, True, True), encodings(2, True, False, False)

    found = swap(own, other, part_rows(N, N + K, part))

    assert (found.values[0, :, 0] == 2).nonzero().flatten().tolist() == taken
    assert found.valid.equal(own.valid if part == 'classes' else other.valid)


def test_nothing_stays_on_the_relation_even_after_an_error(pisr):
    with pytest.raises(KeyError), changed_encodings(pisr, lambda own: own):
        raise KeyError
    assert not pisr.attention._forward_pre_hooks


def test_encodings_of_another_shape_are_refused(pisr):
    def fewer(own):
        return own._replace(values=own.values[:, 1:])

    with (
        pytest.raises(ValueError, match=r'\(1, 5, 4\).*\(1, 4, 4\)'),
        changed_encodings(pisr, fewer),
    ):
        pisr(*inputs())


@pytest.mark.parametrize('count', [2, 3, 50])
def test_every_image_gets_another_and_each_gives_once(count):
    donors = derangement(count, seed=0)
    assert (donors != np.arange(count)).all()
    assert sorted(donors) == [*range(count)]


def test_one_image_cannot_be_swapped():
    with pytest.raises(ValueError, match='1 images cannot be swapped'):
        derangement(1, seed=0)
