from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from relation_scenes import RELATIONS

from mmpisr.models.relations import (
    EncodingReweighting,
    PanopticRelationalAttention,
    mask_confidence,
    mask_sums,
)

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


def test_the_literal_form_is_secs_3_2_to_3_4_written_in_numpy(build, scene):
    pisr = build('pisr-literal')
    out = pisr(*scene)

    for image in range(2):
        feats, probs, heatmaps = (part[image].numpy() for part in scene)
        expected = transcribe(state_of(pisr), feats, np.concatenate([probs, heatmaps]))
        for actual, value in zip(out, expected, strict=True):
            np.testing.assert_allclose(actual[image].detach(), value, rtol=2e-4)


def state_of(pisr):
    return {name: value.numpy() for name, value in pisr.state_dict().items()}


def transcribe(state, feats, masks):
    """F_pan, w and E (up to the area) of one image, as the paper writes them."""

    def linear(name, rows):
        return rows @ state[f'{name}.weight'].T + state[f'{name}.bias']

    area = feats[0].size
    rows = feats.reshape(12, area)
    encodings = masks.reshape(9, area) @ rows.T / area  # E = P F^T
    hidden = np.maximum(linear('reweighting.score.0', encodings), 0)
    scores = 1 / (1 + np.exp(-linear('reweighting.score.2', hidden)))  # w
    weighted = scores * encodings
    conv = torch.nn.functional.conv2d(
        torch.from_numpy(feats)[None],
        torch.from_numpy(state['attention.h.weight']),
        torch.from_numpy(state['attention.h.bias']),
        padding=1,
    )
    spatial = linear('attention.g_s', weighted) @ conv.numpy().reshape(8, area)
    mixed = linear(
        'attention.g_p.mix', spatial.T
    ).T  # a 1x1 convolution over categories
    final = linear('attention.g_q', weighted).T @ mixed
    return final.reshape(feats.shape), scores[:, 0], encodings


def test_encodings_of_the_literal_form_times_the_area_are_the_papers_sum(build, scene):
    masks = torch.cat([scene.sem_probs, scene.heatmaps], dim=1)

    encodings = build('pisr-literal')(*scene).encodings

    expected = torch.einsum('blhw,bchw->blc', masks, scene.feats)
    torch.testing.assert_close(encodings * 6 * 8, expected)


def test_the_fragment_of_the_configs_is_this_literal_form():
    fragment = Config.fromfile(CONFIGS / '_base_/relations/pisr_literal.py')

    relation = dict(fragment.pisr_literal.relation)

    assert relation.pop('type') == 'mmpisr.PISR'
    assert relation | {'channels': 8} == RELATIONS['pisr-literal'][1]
    assert fragment.pisr_literal.heatmap_maker.suppress == 'binary'


@pytest.mark.parametrize('mix_slots', [False, True])
def test_one_folded_product_equals_the_two_products(scene, mix_slots):
    torch.manual_seed(0)
    attention = PanopticRelationalAttention(
        12, num_classes=5, num_instances=4, channels=8, mix_slots=mix_slots
    ).double()
    for parameter in attention.g_p.parameters():
        torch.nn.init.normal_(parameter)
    feats = scene.feats.double()
    encodings = torch.randn(2, 9, 12, dtype=torch.float64)
    valid = torch.ones(2, 9, dtype=torch.bool)
    valid[1, 7:] = False

    values, shift = attention.g_p(attention.g_q(encodings) * valid[:, :, None] / 3)
    keys = attention.g_s(encodings) * valid[:, :, None] / 8**0.5
    spatial = torch.einsum('bld,bdhw->blhw', keys, attention.h(feats))  # F_sp
    expected = torch.einsum('blc,blhw->bchw', values, spatial)
    expected = expected + shift.transpose(1, 2).unsqueeze(3)

    torch.testing.assert_close(attention(feats, encodings, valid), expected)


def test_the_relation_reads_features_normalised_at_each_pixel(build, scene):
    pisr = build('pisr')
    scale = torch.rand(2, 1, 6, 8) + 0.5
    changed = scene.feats * scale + torch.randn(2, 1, 6, 8)

    torch.testing.assert_close(
        pisr(changed, scene.sem_probs, scene.heatmaps).encodings,
        pisr(*scene).encodings,
        rtol=1e-3,
        atol=1e-3,
    )


def test_scores_lie_between_zero_and_one_and_empty_slots_score_zero(build, scene):
    valid = torch.ones(2, 4, dtype=torch.bool)
    valid[1, 2:] = False

    scores = build('pisr')(*scene, valid).scores

    assert scores.shape == (2, 9)
    assert ((scores > 0) & (scores < 1))[0].all()
    assert torch.equal(scores[1, 7:], torch.zeros(2))


def test_without_reweighting_there_are_no_scores(build, scene):
    assert build('pisr', reweight=False)(*scene).scores is None


def test_an_absent_class_initially_scores_near_zero(build, scene):
    probs = torch.full_like(scene.sem_probs, 0.001)
    probs[:, 0, :, 4:] = probs[:, 1, :, :4] = 0.997

    scores = build('pisr')(scene.feats, probs, scene.heatmaps).scores

    present, absent = scores[:, :5].split([2, 3], dim=1)
    assert present.min() > 0.99
    assert absent.max() < 0.002


def test_the_network_moves_scores_away_from_the_confidence(build, scene):
    first, trained = build('pisr'), build('pisr')
    trained.reweighting.score[2].bias.data += 2

    scores = [pisr(*scene).scores for pisr in (first, trained)]

    torch.testing.assert_close(scores[1].logit(), scores[0].logit() + 2)


def test_scores_without_a_network_are_the_confidence_of_the_masks(build, scene):
    pisr = build('pisr', reweight_channels=0)
    masks = torch.cat([scene.sem_probs, scene.heatmaps], dim=1)

    expected = mask_confidence(mask_sums(masks, masks))
    torch.testing.assert_close(pisr(*scene).scores, expected)
    assert not [*pisr.reweighting.parameters()]


def test_scores_without_a_network_and_without_confidence_are_refused():
    message = 'hidden_channels=0 and scores_from_confidence=False'
    with pytest.raises(ValueError, match=message):
        EncodingReweighting(12, hidden_channels=0, scores_from_confidence=False)


def test_each_class_and_all_slots_together_have_a_learned_vector(build, scene):
    pisr = build('pisr')
    embedded = pisr(*scene).encodings
    vectors = pisr.category_embedding.weight.detach().clone()
    torch.nn.init.zeros_(pisr.category_embedding.weight)

    added = (embedded - pisr(*scene).encodings)[0]

    assert vectors.shape == (6, 12)
    expected = torch.cat([vectors, vectors[5:].expand(3, -1)])
    torch.testing.assert_close(added, expected)


def test_the_initial_shift_shows_every_category_to_every_pixel(scene):
    pixel = torch.zeros(1, 12, 1, 1)
    encodings = torch.eye(3, 12).unsqueeze(0)
    valid = torch.tensor([[True, True, False]])
    read = {}
    for shift in (0.0, 2.0):
        torch.manual_seed(0)
        attention = PanopticRelationalAttention(
            12, num_classes=2, num_instances=1, initial_shift=shift
        )
        read[shift] = attention(pixel, encodings, valid).flatten()

    values = attention.g_q(encodings)[0, :2].sum(dim=0)
    torch.testing.assert_close(read[2.0] - read[0.0], 2 * values / 3**0.5)


def test_the_order_of_slots_does_not_matter(build, scene):
    pisr = build('pisr')

    torch.testing.assert_close(
        pisr(*scene).feats,
        pisr(scene.feats, scene.sem_probs, scene.heatmaps.flip(1)).feats,
    )


def test_the_number_of_slots_may_change_where_slots_do_not_mix(build, scene):
    pisr = build('pisr').eval()
    valid = torch.tensor([[True, True, False, False]] * 2)

    torch.testing.assert_close(
        pisr(*scene, valid).feats,
        pisr(scene.feats, scene.sem_probs, scene.heatmaps[:, :2]).feats,
    )


def test_reweighting_by_hand():
    network = EncodingReweighting(1, hidden_channels=1, scores_from_confidence=False)
    for weight, value in zip(network.parameters(), (2.0, -1.0, 3.0, 0.5), strict=True):
        torch.nn.init.constant_(weight, value)

    encodings, valid = torch.tensor([[[1.0], [0.0]]]), torch.tensor([[True, True]])
    scores = network(encodings, valid, torch.rand(1, 2))

    expected = torch.tensor([[3.5, 0.5]]).sigmoid()  # 3 relu(2 e - 1) + 0.5
    torch.testing.assert_close(scores, expected)


def test_attention_by_hand():
    attention = PanopticRelationalAttention(
        1, num_classes=1, num_instances=1, channels=1
    )
    for layer in (attention.g_s, attention.g_q, attention.h):
        torch.nn.init.zeros_(layer.bias)
    torch.nn.init.constant_(attention.g_s.weight, 2.0)
    torch.nn.init.constant_(attention.g_q.weight, 3.0)
    torch.nn.init.constant_(attention.h.weight, 1.0)  # 3x3 sum
    feats = torch.tensor([[[[1.0, 5.0]]]])
    encodings = torch.tensor([[[1.0], [0.5]]])

    actual = attention(feats, encodings, torch.tensor([[True, True]]))

    # h(F) = 6; F_sp = (2, 1) * 6; F_pan = (3 * (12 + 1) + 1.5 * (6 + 1)) / sqrt(2)
    torch.testing.assert_close(actual, torch.full((1, 1, 1, 2), 49.5 / 2**0.5))


@pytest.mark.parametrize('option', ['first_product', 'normaliser'])
def test_an_unknown_option_is_refused(build, option):
    with pytest.raises(ValueError, match=f"{option}.*'cosine'"):
        build('pisr', **{option: 'cosine'})
