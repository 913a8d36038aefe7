import pytest
import torch

from mmpisr.explanations.encodings import (
    Encodings,
    blank,
    changed_encodings,
    recorded_encodings,
    swap,
)
from mmpisr.models.relations import PISR, ConvRelation

N, K, C = 2, 3, 4


@pytest.fixture
def relation():
    torch.manual_seed(0)
    return PISR(C, num_classes=N, num_instances=K, channels=8).eval()


def inputs(seed=0, batch=1):
    generator = torch.Generator().manual_seed(seed)
    feats = torch.randn(batch, C, 6, 8, generator=generator)
    probs = torch.randn(batch, N, 6, 8, generator=generator).softmax(1)
    heatmaps = torch.rand(batch, K, 6, 8, generator=generator)
    valid = torch.tensor([[True, seed != 0, False]]).expand(batch, -1)
    return feats, probs, heatmaps, valid


def encodings(value, *valid):
    values = torch.full((1, N + K, C), float(value))
    return Encodings(values, torch.tensor([[True, True, *valid]]), N)


def test_what_is_recorded_is_weighted_by_the_scores(relation):
    with torch.no_grad(), recorded_encodings(relation) as kept:
        output = relation(*inputs())

    expected = output.encodings * output.weights.unsqueeze(-1)
    torch.testing.assert_close(kept[0].values, expected)
    assert kept[0].valid.tolist() == [[True, True, True, False, False]]
    assert len(kept) == 1


@torch.no_grad()
def test_recording_and_own_encodings_change_nothing(relation):
    expected = relation(*inputs()).feats
    with recorded_encodings(relation) as kept:
        assert relation(*inputs()).feats.equal(expected)
    with changed_encodings(relation, lambda own: swap(own, kept[0], 'all')):
        assert relation(*inputs()).feats.equal(expected)


@torch.no_grad()
def test_scores_stay_while_the_attention_reads_other_encodings(relation):
    expected = relation(*inputs())
    with changed_encodings(relation, lambda own: blank(own, 'all')):
        changed = relation(*inputs())
    assert changed.weights.equal(expected.weights)
    assert not changed.feats.equal(expected.feats)


def test_nothing_stays_on_the_relation_even_after_an_error(relation):
    with pytest.raises(KeyError), changed_encodings(relation, lambda own: own):
        raise KeyError
    assert not relation.attention._forward_pre_hooks


@pytest.mark.parametrize(
    ('part', 'taken'),
    [('all', [0, 1, 2, 3, 4]), ('classes', [0, 1]), ('slots', [2, 3, 4])],
)
def test_a_part_is_taken_with_what_is_valid_there(part, taken):
    own, other = encodings(1, True, True, True), encodings(2, True, False, False)

    found = swap(own, other, part)
    zeroed = blank(own, part)

    assert (found.values[0, :, 0] == 2).nonzero().flatten().tolist() == taken
    assert (zeroed.values[0, :, 0] == 0).nonzero().flatten().tolist() == taken
    assert zeroed.valid.equal(own.valid)
    assert found.valid.equal(own.valid if part == 'classes' else other.valid)


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="part is 'stuff', expected one of"):
        blank(encodings(1, True, True, True), 'stuff')


@pytest.mark.parametrize('other', [None, ConvRelation(C, num_classes=N)])
def test_only_pisr_has_encodings_to_change(other):
    kind = 'no relation' if other is None else 'ConvRelation'
    with (
        pytest.raises(ValueError, match=f'the model has {kind}'),
        changed_encodings(other, lambda own: own),
    ):
        pass


def test_encodings_of_another_shape_are_refused(relation):
    def fewer(own):
        return own._replace(values=own.values[:, 1:])

    with (
        pytest.raises(ValueError, match=r'\(1, 5, 4\).*\(1, 4, 4\)'),
        changed_encodings(relation, fewer),
    ):
        relation(*inputs())
