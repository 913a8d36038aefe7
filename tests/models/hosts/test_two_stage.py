from copy import deepcopy
from functools import reduce

import pytest
import torch
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
    tiny_config,
    total,
)

from mmpisr.models.hosts import recorded


@pytest.fixture(scope='module')
def model_cfg(repo):
    return tiny_config(repo)


@pytest.fixture
def model(model_cfg):
    return build(model_cfg)


@pytest.fixture
def base(model_cfg):
    return build_base(model_cfg)


def test_losses_are_the_bases_and_intermediate_ones_times_gamma(model, base):
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


def test_masks_pass_their_gradient_to_the_intermediate_mask_head(model_cfg):
    model = build(model_cfg)
    losses = losses_of(model, make_batch(SIZE))

    losses['loss_seg'].backward()

    assert model.roi_head.mask_head.conv_logits.weight.grad.any()
    assert model.semantic_head.conv_logits.weight.grad.any()
    assert model.roi_head.bbox_head.fc_cls.weight.grad is None


def test_without_proposals_slots_are_empty_and_there_is_a_prediction(model):
    batch = make_batch(SIZE)
    batch['data_samples'][0].proposals = InstanceData(bboxes=torch.zeros(0, 4))

    with recorded(model.relation) as relation:
        ((instances, _, panoptic),) = fused(model, batch)

    _, _, heatmaps, valid, _ = relation.inputs
    assert len(instances) == 0
    assert panoptic.shape == (1, *SIZE)
    assert not valid.any()
    assert not heatmaps.any()


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

    losses = losses_of(model, batch)
    total(losses).backward()

    assert {'loss_seg', 's1.loss_mask', 'intermediate.s0.loss_mask'} <= set(losses)
    assert total(losses).isfinite()
    assert all(w.grad is not None for w in model.parameters())


def test_the_relation_reads_a_map_of_each_thing_and_of_each_stuff_class(model):
    with recorded(model.relation) as relation, recorded(model.heatmap_maker) as maker:
        losses_of(model, make_batch(SIZE))

    _, probs, heatmaps, filled, _ = relation.inputs
    _, _, labels = maker.output
    assert model.semantic_index is None
    assert probs.shape[1] == model.relation.num_classes == THINGS + STUFF
    assert filled.any()
    for thing in range(THINGS):
        own = heatmaps[0][labels[0] == thing]
        highest = own.amax(dim=0) if len(own) else torch.zeros_like(probs[0, thing])
        assert torch.equal(probs[0, thing], highest)
    assert (probs[:, THINGS:].sum(dim=1) < 1).all()  # what is left is a thing


def test_without_thing_maps_all_things_share_the_semantic_heads_last_map(model_cfg):
    model = build({**model_cfg, 'thing_maps': False})

    with recorded(model.relation) as relation:
        losses_of(model, make_batch(SIZE))

    probs = relation.inputs[1]
    assert model.semantic_index == [STUFF] * THINGS + list(range(STUFF))
    torch.testing.assert_close(probs.sum(dim=1), torch.ones_like(probs[:, 0]))


def test_without_detections_losses_are_finite_and_reach_every_parameter(model):
    model.heatmap_maker.score_thr = 1.1

    losses = losses_of(model, make_batch(SIZE, (50, 70)))
    total(losses).backward()

    assert total(losses).isfinite()
    assert all(w.grad is not None for w in model.parameters())


def test_a_model_without_masks_is_refused(model_cfg):
    cfg = deepcopy(model_cfg)
    cfg.roi_head.mask_head = None

    with pytest.raises(ValueError, match='mask_head is None'):
        build(cfg)


WRONG = {
    'roi_head.mask_roi_extractor.out_channels': (
        8,
        rf'is {CHANNELS}, but roi_head\.mask_roi_extractor\.out_channels is 8;',
    ),
    'semantic_head.in_channels': (
        32,
        rf'neck\.out_channels is {CHANNELS}, but semantic_head\.in_channels is 32;',
    ),
    'rpn_head.in_channels': (32, r'rpn_head\.in_channels is 32;'),
    'semantic_head.num_things_classes': (
        79,
        rf'bbox_head\.num_classes is {THINGS}, but '
        r'model\.semantic_head\.num_things_classes is 79;',
    ),
    'semantic_head.num_stuff_classes': (52, rf'is 52, but .*fusion_head.* is {STUFF};'),
    'roi_head.bbox_head.num_classes': (8, r'roi_head\.bbox_head\.num_classes is 8,'),
    'roi_head.mask_head.num_classes': (8, r'roi_head\.mask_head\.num_classes is 8;'),
}


@pytest.mark.parametrize(
    ('field', 'value', 'message'), [(k, *v) for k, v in WRONG.items()]
)
def test_parts_that_differ_are_refused_with_both_fields(
    model_cfg, field, value, message
):
    cfg = deepcopy(model_cfg)
    *path, name = field.split('.')
    reduce(getattr, path, cfg)[name] = value

    with pytest.raises(ValueError, match=message):
        build(cfg)


def test_every_stage_of_a_cascade_is_compared(model_cfg):
    cfg = cascade(model_cfg)
    head = cfg.roi_head.bbox_head
    cfg.roi_head.bbox_head = [head, {**head, 'num_classes': 8}]

    with pytest.raises(ValueError, match=r'bbox_head\.1\.num_classes is 8;'):
        build(cfg)
