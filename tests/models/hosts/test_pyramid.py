import pytest
import torch

from mmpisr.models.hosts.two_stage import join_pyramid


def make_pyramid() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = (8, 12), (4, 6), (2, 3), (1, 2)
    return [torch.randn(2, 3, *size, generator=generator) for size in sizes]


def test_coarser_levels_gain_the_mean_change_of_the_finest():
    feats = make_pyramid()
    related = feats[0].clone()
    related[0, 1, :2, :2] += torch.tensor([[1.0, 2.0], [3.0, 6.0]])

    joined = join_pyramid(feats, related)

    change = joined[1] - feats[1]
    assert torch.equal(joined[0], related)
    torch.testing.assert_close(change[0, 1, 0, 0], torch.tensor(3.0))
    assert change.count_nonzero() == 1


def test_an_unchanged_map_leaves_every_level_as_it_was():
    feats = make_pyramid()
    feats[0][0, 0, 0, 0] = -0.0

    joined = join_pyramid(feats, feats[0] + torch.zeros_like(feats[0]))

    assert all(torch.equal(*pair) for pair in zip(joined, feats, strict=True))


def test_every_level_passes_its_gradient_to_the_relation():
    feats = make_pyramid()
    for level in range(len(feats)):
        related = feats[0].clone().requires_grad_()
        join_pyramid(feats, related)[level].sum().backward()
        assert related.grad.min() > 0


def test_padding_changes_no_level():
    feats = make_pyramid()
    pixels = torch.zeros(2, 8, 12, dtype=torch.bool)
    pixels[:, :5, :7] = True
    related = feats[0] + torch.randn(2, 3, 8, 12)
    disturbed = torch.where(pixels.unsqueeze(1), related, torch.nan)

    expected = join_pyramid(
        [
            level[..., : -(-5 // s), : -(-7 // s)]
            for level, s in zip(feats, (1, 2, 4), strict=False)
        ],
        related[..., :5, :7],
    )
    actual = join_pyramid(feats, disturbed, pixels)

    for level, whole in zip(expected[1:], actual[1:3], strict=True):
        height, width = level.shape[2:]
        torch.testing.assert_close(whole[..., :height, :width], level)
    assert all(level.isfinite().all() for level in actual[1:])


def test_levels_that_do_not_halve_are_refused_with_both_sizes():
    feats = make_pyramid()

    with pytest.raises(ValueError, match=r'1, 2\), expected \(2, 3, 4, 6\)'):
        join_pyramid([feats[0], feats[3]], feats[0])
