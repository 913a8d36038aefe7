import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpisr.models.hosts import recorded
from mmpisr.models.hosts.common import unpadded_samples
from mmpisr.models.hosts.query import semantic_probs
from mmpisr.registry import MODELS

SIZE = (64, 96)


@pytest.fixture(params=['maskformer', 'mask2former'])
def family(request):
    return request.param


@pytest.fixture
def make(repo, family):
    """Builds the base of a family, or its host with changes to the head."""
    init_default_scope('mmdet')

    def build(host=True, seed=0, **head):
        name = f'{family}_r18_1200-iter_scenes.py'
        path = f'configs/pisr/pisr_{name}' if host else f'configs/{family}/{name}'
        cfg = Config.fromfile(str(repo / path))
        cfg.merge_from_dict(dict(model=dict(panoptic_head=head)))
        torch.manual_seed(seed)
        return MODELS.build(cfg.model)

    return build


def test_final_predictors_are_not_copied_without_init_final_from_base(make):
    base, host = make(host=False, seed=1), make(init_final_from_base=False)
    host.load_state_dict(base.state_dict(), strict=False)

    head = host.panoptic_head
    assert not torch.equal(head.final_cls_embed.weight, head.cls_embed.weight)
    assert torch.equal(head.cls_embed.weight, base.panoptic_head.cls_embed.weight)


def test_class_weights_for_other_classes_are_refused_with_both_numbers(make):
    with pytest.raises(
        ValueError, match='class_weight has 5 weights, but .* 8 thing and 11 stuff.*20'
    ):
        make(loss_cls=dict(class_weight=[1.0] * 5))


def test_the_refresh_of_queries_can_be_switched_off(make):
    head = make(refresh_queries=False).panoptic_head
    queries, feats = torch.randn(1, 30, 64), torch.randn(1, 64, 8, 12)
    logits, masks = torch.randn(1, 30, 20), torch.randn(1, 30, 8, 12)

    final_logits, _ = head.forward_final(queries, feats, logits, masks)

    assert not [name for name, _ in head.named_parameters() if 'refresh' in name]
    torch.testing.assert_close(final_logits, head.final_cls_embed(queries))


def test_more_slots_than_queries_stay_empty(make):
    model = make(relation=dict(num_instances=50)).eval()
    images = torch.rand(1, 3, *SIZE)

    with torch.no_grad(), recorded(model.panoptic_head.relation) as relation:
        logits, _ = model(images, unpadded_samples(images), mode='tensor')

    assert relation.inputs[3].tolist() == [[True] * 30 + [False] * 20]
    assert logits[-1].isfinite().all()


def test_classes_of_pixels_are_sums_over_queries_that_do_not_exceed_one():
    class_probs = torch.tensor([[[0.5, 0.25], [1.0, 0.0]]])
    mask_probs = torch.tensor([[[[1.0, 0.8]], [[1.0, 0.0]]]])

    probs = semantic_probs(class_probs, mask_probs)

    expected = torch.tensor([[[[1.5 / 1.75, 0.4]], [[0.25 / 1.75, 0.2]]]])
    torch.testing.assert_close(probs, expected)
