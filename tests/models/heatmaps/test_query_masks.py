import pytest
import torch

from mmpisr.models.heatmaps import QueryMaskHeatmaps

# Three queries, two thing classes: probably either, probably one, probably none.
THINGS = torch.tensor([[[0.5, 0.4], [0.1, 0.7], [0.0, 0.1]]])


query_heatmaps = QueryMaskHeatmaps()


@pytest.fixture
def masks():
    return torch.rand(1, 3, 2, 4, generator=torch.Generator().manual_seed(0))


def test_queries_are_ranked_by_the_best_thing_class_and_weighted_by_the_sum(masks):
    heatmaps, valid = query_heatmaps(THINGS, masks, num_instances=2)

    expected = torch.stack([0.8 * masks[0, 1], 0.9 * masks[0, 0]])
    torch.testing.assert_close(heatmaps[0], expected)
    assert valid.tolist() == [[True, True]]


def test_slots_beyond_the_queries_stay_empty(masks):
    heatmaps, valid = query_heatmaps(THINGS, masks, num_instances=5)

    assert heatmaps.shape == (1, 5, 2, 4)
    assert valid.tolist() == [[True] * 3 + [False] * 2]
    assert not heatmaps[:, 3:].any()


def test_the_order_of_the_queries_does_not_matter(masks):
    order = [2, 0, 1]

    expected = query_heatmaps(THINGS, masks, num_instances=3)
    actual = query_heatmaps(THINGS[:, order], masks[:, order], num_instances=3)

    torch.testing.assert_close(actual, expected)


def test_images_of_a_batch_are_ranked_on_their_own(masks):
    things, masks = torch.cat([THINGS, THINGS.flip(1)]), masks.expand(2, -1, -1, -1)

    heatmaps, _ = query_heatmaps(things, masks, num_instances=1)

    torch.testing.assert_close(heatmaps[:, 0], 0.8 * masks[0, 1].expand(2, -1, -1))


def test_masks_and_probabilities_get_gradients(masks):
    things, masks = THINGS.clone().requires_grad_(), masks.requires_grad_()

    query_heatmaps(things, masks, num_instances=2)[0].sum().backward()

    assert things.grad[0, :2].all()
    assert masks.grad[0, :2].all()
    assert not masks.grad[0, 2].any()


def test_heatmaps_of_half_precision_are_float32_and_in_their_range(masks):
    heatmaps, _ = query_heatmaps(THINGS.bfloat16(), masks.bfloat16(), num_instances=3)

    assert heatmaps.dtype == torch.float32
    assert 0 <= heatmaps.min() <= heatmaps.max() <= 1
