"""Properties of every host, for each family."""

import re
import sys
from math import ceil

import pytest
import torch
from mmcv.ops import RoIAlign
from mmengine.runner import save_checkpoint
from mmengine.runner.checkpoint import load_checkpoint, load_state_dict
from tiny_hosts import (
    NEW,
    SIZES,
    build,
    load_config,
    losses_of,
    make_batch,
    predict,
    relation_of,
)

from mmpisr.engine.layer_fit import start_fresh
from mmpisr.registry import MODELS

FAMILIES = sorted(NEW)
CLASS_LAYER = re.compile('fc_cls|fc_reg|predictor|conv_logits|cls_embed|category_')
NMS = sys.modules['mmcv.ops.nms'].ext_module  # mmcv.ops.nms itself is a function


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def host(family):
    """A host whose gate is open, so that the relation changes predictions."""
    return build(family, host=True)


def new_names(family, names):
    return {n for n in names if any(n.startswith(f'{new}.') for new in NEW[family])}


def new_parameters(family, host):
    named = dict(host.named_parameters())
    return [(name, named[name]) for name in new_names(family, named)]


def has_gradient(parameter):
    return parameter.grad is not None and parameter.grad.any()


def calls_of(relation, run):
    """Positional and keyword arguments of each call of a relation."""
    calls = []
    names = ('feats', 'sem_probs', 'inst_heatmaps', 'inst_valid', 'pixel_mask')

    def keep(_, args, kwargs):
        calls.append(dict(zip(names, args, strict=False)) | kwargs)

    handle = relation.register_forward_pre_hook(keep, with_kwargs=True)
    run()
    handle.remove()
    return calls


@pytest.mark.parametrize('field', ['in_channels', 'num_classes'])
def test_a_relation_that_does_not_fit_is_refused_with_both_numbers(family, field):
    config = load_config(family, host=True).model
    part = config if 'relation' in config else config.panoptic_head
    actual = getattr(relation_of(build(family, host=True)), field)
    part.relation[field] = 7

    with pytest.raises(ValueError, match=f'{field} is 7.* {actual}'):
        MODELS.build(config)


def test_a_base_checkpoint_lacks_the_new_modules_only_and_predictions_stay(
    family, tmp_path
):
    base, host = build(family, host=False), build(family, host=True, seed=1)
    save_checkpoint({'state_dict': base.state_dict()}, str(tmp_path / 'base.pth'))

    load_checkpoint(host, str(tmp_path / 'base.pth'))

    state, old = host.state_dict(), base.state_dict()
    assert state.keys() - old.keys() == new_names(family, state)
    assert all(torch.equal(state[name], value) for name, value in old.items())
    batch = make_batch(family, *SIZES)
    expected, actual = predict(base.eval(), batch), predict(host.eval(), batch)
    assert any(len(panoptic.unique()) > 1 for panoptic, *_ in expected)
    for pair in zip(expected, actual, strict=True):
        assert all(torch.equal(*part) for part in zip(*pair, strict=True))


@pytest.mark.parametrize('stages', ['base', 'host'])
def test_layers_of_other_class_counts_start_fresh_and_equal_in_both_stages(
    family, stages
):
    trained = build(family, host=stages == 'host').state_dict()
    host = build(family, host=True, seed=1)
    state = {n: v[:-1] if CLASS_LAYER.search(n) else v for n, v in trained.items()}
    drawn = {name: value.clone() for name, value in host.state_dict().items()}

    start_fresh(host, dict(state_dict=state), 'a.pth')
    load_state_dict(host, state)

    loaded = host.state_dict()
    finals = [n for n in loaded if 'final_' in n and CLASS_LAYER.search(n)]
    assert finals
    for name in finals:
        base = name.replace('final_', '')
        assert torch.equal(loaded[name], loaded[base])
        assert torch.equal(loaded[base], drawn[base])
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_every_new_parameter_learns(family, host):
    losses = losses_of(host.train(), make_batch(family, *SIZES))
    sum(losses.values()).backward()

    assert all(loss.isfinite() for loss in losses.values())
    assert not [n for n, p in new_parameters(family, host) if not has_gradient(p)]


def test_both_stages_have_the_losses_of_the_base_and_share_those_of_the_rpn(
    family, host
):
    batch = make_batch(family, *SIZES)
    base = losses_of(build(family, host=False), batch).keys()
    last = {name for name in base if not re.match(r'd\d\.', name)}  # of layers
    shared = {name for name in base if name.startswith('loss_rpn')}

    losses = losses_of(host, batch)

    intermediate = {f'intermediate.{name}' for name in base - shared}
    assert losses.keys() == last | intermediate


def test_images_without_any_object_give_finite_losses_of_every_parameter(family, host):
    losses = losses_of(host.train(), make_batch(family, *SIZES, empty=True))
    sum(losses.values()).backward()

    assert all(loss.isfinite() for loss in losses.values())
    for name, parameter in new_parameters(family, host):
        assert parameter.grad is not None, name  # distributed training counts on it
        assert parameter.grad.isfinite().all(), name


@pytest.fixture
def float32_operators(monkeypatch):
    """Run mmcv's operators in float32, as they support bfloat16 on GPUs only."""
    align, suppress = RoIAlign.forward, NMS.nms

    def align_float32(self, feats, rois):
        return align(self, feats.float(), rois.float()).to(feats.dtype)

    def suppress_float32(boxes, scores, **options):
        return suppress(boxes.float(), scores.float(), **options)

    monkeypatch.setattr(RoIAlign, 'forward', align_float32)
    monkeypatch.setattr(NMS, 'nms', suppress_float32)


@pytest.mark.usefixtures('float32_operators')
def test_bfloat16_autocast_gives_finite_losses_and_gradients(family, host):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = losses_of(host.train(), make_batch(family, *SIZES))
    sum(losses.values()).backward()

    assert all(loss.isfinite() for loss in losses.values())
    assert all(p.grad.isfinite().all() for _, p in new_parameters(family, host))


@pytest.fixture
def same_rounding():
    """Turn off oneDNN, which rounds a batch of two images differently."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield


@pytest.mark.usefixtures('same_rounding')
def test_a_batch_of_two_sizes_equals_two_single_images(family, host):
    host.eval()
    together = predict(host, make_batch(family, *SIZES))

    for size, expected in zip(SIZES, together, strict=True):
        (alone,) = predict(host, make_batch(family, size))
        assert torch.equal(alone[0], expected[0])
        for a, b in zip(alone[1:], expected[1:], strict=True):
            torch.testing.assert_close(a, b, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_the_relation_is_called_once_at_its_stride_without_the_padding(
    family, host, mode
):
    batch = make_batch(family, *SIZES)
    host.train(mode == 'loss')

    calls = calls_of(
        relation_of(host),
        lambda: losses_of(host, batch) if mode == 'loss' else host.test_step(batch),
    )

    (call,) = calls
    height, width = call['feats'].shape[2:]
    assert height < SIZES[0][0]
    assert call['inst_heatmaps'].shape[2:] == call['sem_probs'].shape[2:]
    assert call['inst_heatmaps'].shape[2:] == (height, width)
    assert call['inst_valid'].any(dim=1).all()
    rows, columns = (
        ceil(SIZES[1][i] * (height, width)[i] / SIZES[0][i]) for i in (0, 1)
    )
    padded = torch.zeros(height, width, dtype=torch.bool)
    padded[:rows, :columns] = True
    assert call['pixel_mask'][0].all()
    assert torch.equal(call['pixel_mask'][1], padded)
