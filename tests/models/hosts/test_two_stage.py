from copy import deepcopy
from functools import partial

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from tiny_two_stage import (
    CHANNELS,
    SIZE,
    STUFF,
    THINGS,
    build,
    build_base,
    cascade,
    fused,
    losses_of,
    make_batch,
    open_gate,
    tiny_config,
    total,
)

from mmpisr.models.hosts.recording import recorded

NEW = {'relation', 'final_roi_head', 'final_semantic_head'}


@pytest.fixture(scope='module')
def model_cfg(repo):
    return tiny_config(repo)


@pytest.fixture
def model(model_cfg):
    return build(model_cfg)


@pytest.fixture
def base(model_cfg):
    return build_base(model_cfg)


def test_base_parameters_keep_their_names_and_the_final_heads_start_as_copies(
    model, base
):
    incompatible = model.load_state_dict(base.state_dict(), strict=False)

    assert not incompatible.unexpected_keys
    assert {name.split('.')[0] for name in incompatible.missing_keys} == NEW
    for name, value in base.roi_head.state_dict().items():
        assert torch.equal(model.final_roi_head.state_dict()[name], value)


def test_a_fresh_relation_on_a_base_checkpoint_predicts_what_the_base_predicts(
    model, base
):
    model.load_state_dict(base.state_dict(), strict=False)
    batch = make_batch(SIZE, (50, 70))

    for (actual, logits, panoptic), (expected, base_logits, base_panoptic) in zip(
        fused(model, batch), fused(base, batch), strict=True
    ):
        assert len(actual) > 4
        assert torch.equal(logits, base_logits)
        assert torch.equal(panoptic, base_panoptic)
        for field in 'bboxes', 'scores', 'labels', 'masks':
            assert torch.equal(actual[field], expected[field])


def test_losses_are_the_bases_with_the_intermediate_ones_weighed_by_gamma(model, base):
    model.load_state_dict(base.state_dict(), strict=False)
    batch = make_batch(SIZE, SIZE)

    expected, losses = losses_of(base, batch), losses_of(model, batch)

    stage = {name for name in expected if 'rpn' not in name}
    assert stage == {'loss_cls', 'loss_bbox', 'loss_mask', 'loss_seg', 'acc'}
    assert set(losses) == set(expected) | {f'intermediate.{name}' for name in stage}
    for name, value in expected.items():
        if name in stage:
            weight = 0.5 if 'loss' in name else 1
            assert torch.equal(losses[f'intermediate.{name}'], weight * value)
        else:
            assert all(map(torch.equal, losses[name], value))


def test_every_parameter_learns_once_the_gate_is_open(model):
    loss = total(losses_of(open_gate(model), make_batch(SIZE, (50, 70))))
    loss.backward()

    assert loss.isfinite()
    weights = dict(model.named_parameters())
    assert not [name for name, weight in weights.items() if weight.grad is None]
    new = {n: weight for n, weight in weights.items() if n.split('.')[0] in NEW}
    assert not [name for name, weight in new.items() if not weight.grad.any()]


def test_masks_pass_their_gradient_to_the_intermediate_mask_head(model_cfg):
    model = open_gate(build(model_cfg))
    losses = losses_of(model, make_batch(SIZE))

    losses['loss_seg'].backward()

    assert model.roi_head.mask_head.conv_logits.weight.grad.any()
    assert model.semantic_head.conv_logits.weight.grad.any()
    assert model.roi_head.bbox_head.fc_cls.weight.grad is None


@pytest.mark.parametrize('threshold', [0.05, 1.1], ids=['detections', 'none'])
def test_without_objects_or_detections_losses_are_finite_and_attached(model, threshold):
    model.heatmaps.score_thr = threshold

    losses = losses_of(open_gate(model), make_batch(SIZE, (50, 70), boxes=()))
    total(losses).backward()

    assert total(losses).isfinite()
    assert all(w.grad is not None for w in model.parameters())


def test_no_proposals_give_empty_slots_and_a_prediction(model):
    batch = make_batch(SIZE)
    batch['data_samples'][0].proposals = InstanceData(bboxes=torch.zeros(0, 4))

    with recorded(model.relation) as relation:
        ((instances, _, panoptic),) = fused(open_gate(model), batch)

    _, _, heatmaps, valid, _ = relation.inputs
    assert len(instances) == 0
    assert panoptic.shape == (1, *SIZE)
    assert not valid.any()
    assert not heatmaps.any()


def test_a_batch_of_two_sizes_predicts_what_single_images_do(model):
    open_gate(model)
    sizes = SIZE, (50, 70)
    batch = make_batch(*sizes)
    singles = [
        {name: [values[index]] for name, values in batch.items()} for index in range(2)
    ]

    expected = [fused(model, single)[0] for single in singles]
    for pair, single, size in zip(fused(model, batch), expected, sizes, strict=True):
        assert pair[2].shape == (1, *size)
        assert torch.equal(pair[2], single[2])
        assert_close = partial(torch.testing.assert_close, atol=1e-4, rtol=1e-4)
        assert_close(pair[1], single[1])
        assert_close(pair[0].scores, single[0].scores)
        assert_close(pair[0].bboxes, single[0].bboxes)


def test_the_relation_reads_one_frame_and_knows_the_padding(model):
    with recorded(model.relation) as relation:
        losses_of(model, make_batch(SIZE, (50, 70)))

    feats, probs, heatmaps, valid, pixels = relation.inputs
    frame = (SIZE[0] // 4, SIZE[1] // 4)
    assert feats.shape == (2, CHANNELS, *frame)
    assert probs.shape == (2, STUFF + 1, *frame)
    assert heatmaps.shape == (2, 4, *frame)
    torch.testing.assert_close(probs.sum(dim=1), torch.ones(2, *frame))
    assert valid.any()
    assert heatmaps.min() >= 0
    assert heatmaps.max() <= 1
    assert pixels.sum(dim=(1, 2)).tolist() == [16 * 24, 13 * 18]


def test_relation_rpn_and_semantic_head_run_once_in_training(model):
    calls = []
    for name in 'relation', 'rpn_head', 'semantic_head', 'final_semantic_head':
        module = getattr(model, name)
        module.register_forward_hook(lambda *_, name=name: calls.append(name))

    losses_of(model, make_batch(SIZE))

    expected = ['rpn_head', 'semantic_head', 'relation', 'final_semantic_head']
    assert calls == expected


def test_the_tensor_mode_runs_the_final_heads_without_data_samples(model):
    scores, deltas, masks, logits = model.eval()(torch.rand(1, 3, *SIZE), mode='tensor')

    assert scores.shape == (30, THINGS + 1)
    assert deltas.shape == (30, 4 * THINGS)
    assert masks.shape == (30, THINGS, 28, 28)
    assert logits.shape == (1, STUFF + 1, SIZE[0] // 4, SIZE[1] // 4)


def test_a_cascade_trains_and_starts_from_its_base(model_cfg):
    model, base = build(cascade(model_cfg)), build_base(cascade(model_cfg))
    model.load_state_dict(base.state_dict(), strict=False)
    batch = make_batch(SIZE, (50, 70))
    pairs = zip(fused(model, batch), fused(base, batch), strict=True)
    assert all(torch.equal(a[2], b[2]) and torch.equal(a[1], b[1]) for a, b in pairs)

    losses = losses_of(open_gate(model), batch)
    total(losses).backward()

    assert {'loss_seg', 's1.loss_mask', 'intermediate.s0.loss_mask'} <= set(losses)
    assert total(losses).isfinite()
    assert all(w.grad is not None for w in model.parameters())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'roi_head.mask_head': None}, 'mask_head is None'),
        ({'relation.in_channels': 32}, r'in_channels is 32.* 64'),
        ({'relation.num_classes': 5}, r'num_classes is 5.* 4'),
    ],
)
def test_configs_that_do_not_fit_are_refused(model_cfg, change, message):
    cfg = Config(dict(model=deepcopy(model_cfg)))
    cfg.merge_from_dict({f'model.{name}': value for name, value in change.items()})

    with pytest.raises(ValueError, match=message):
        build(cfg.model)


def test_all_things_share_the_semantic_heads_last_channel(model):
    things, stuff = model.num_things_classes, model.num_stuff_classes

    assert model.class_rows == [stuff] * things + list(range(stuff))
