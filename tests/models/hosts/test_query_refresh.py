import pytest
import torch

from mmpisr.models.hosts.query import QueryRefresh


@pytest.fixture
def refresh():
    torch.manual_seed(0)
    return QueryRefresh(8, feat_channels=6)


def draw():
    generator = torch.Generator().manual_seed(0)
    queries = torch.randn(2, 3, 8, generator=generator)
    feats = torch.randn(2, 6, 4, 5, generator=generator)
    return queries, feats, torch.rand(2, 3, 4, 5, generator=generator)


def test_a_closed_refresh_changes_nothing(refresh):
    queries, feats, masks = draw()
    refresh.close_gate()

    assert torch.equal(refresh(queries, feats, masks), queries)


def test_each_query_reads_the_mean_under_its_own_mask(refresh):
    queries, feats, masks = draw()
    mean = (feats[1] * masks[1, 2]).sum((1, 2)) / masks[1, 2].sum()

    expected = queries[1, 2] + refresh.gate_norm(refresh.mlp(refresh.norm(mean)))

    torch.testing.assert_close(refresh(queries, feats, masks)[1, 2], expected)


def test_padding_is_not_read(refresh):
    queries, feats, masks = draw()
    pixels = torch.ones(2, 4, 5, dtype=torch.bool)
    pixels[1, 2:] = False
    disturbed = feats.clone()
    disturbed[1, :, 2:] = 100.0

    expected = refresh(queries, feats, masks, pixels)
    actual = refresh(queries, disturbed, masks, pixels)

    torch.testing.assert_close(actual, expected)
    assert not torch.allclose(refresh(queries, disturbed, masks)[1], expected[1])


def test_masks_of_zeros_give_finite_queries_and_gradients(refresh):
    queries, feats, masks = draw()

    refreshed = refresh(queries, feats.requires_grad_(), masks * 0)
    refreshed.sum().backward()

    assert refreshed.isfinite().all()
    assert feats.grad.isfinite().all()


def test_a_half_precision_map_is_pooled_in_float32(refresh):
    queries = torch.zeros(1, 1, 8)
    feats = torch.arange(6.0)[:, None, None].expand(1, -1, 256, 512)
    masks = torch.full((1, 1, 256, 512), 0.9)

    expected = refresh(queries, feats, masks)
    with torch.autocast('cpu', torch.float16):
        actual = refresh(queries.half(), feats.half(), masks.half())

    assert actual.dtype == torch.float16
    torch.testing.assert_close(actual.float(), expected, atol=1e-2, rtol=1e-2)
