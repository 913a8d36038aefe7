import pytest
import torch

from mmpisr.models.panoptic_deeplab.decoder import ASPP, windowed_mean


def test_the_window_slides_over_the_map():
    feats = torch.arange(12.0).view(1, 1, 3, 4)
    means = windowed_mean(feats, (2, 2))
    expected = torch.tensor([[2.5, 3.5, 4.5], [6.5, 7.5, 8.5]])
    torch.testing.assert_close(means[0, 0], expected)


@pytest.mark.parametrize('size', [None, (3, 4), (32, 64)])
def test_a_window_as_large_as_the_map_gives_the_mean_of_the_map(size):
    feats = torch.arange(12.0).view(1, 1, 3, 4)
    torch.testing.assert_close(
        windowed_mean(feats, size), feats.mean().view(1, 1, 1, 1)
    )


def test_a_window_is_clipped_along_one_axis():
    feats = torch.arange(12.0).view(1, 1, 3, 4)
    means = windowed_mean(feats, (9, 2))
    torch.testing.assert_close(means[0, 0], torch.tensor([[4.5, 5.5, 6.5]]))


@pytest.mark.parametrize('separable', [True, False])
@pytest.mark.parametrize('size', [(1, 1), (3, 5), (9, 8)])
def test_resolution_stays_and_gradients_are_finite(separable, size):
    aspp = ASPP(4, out_channels=6, pool_size=(4, 4), separable=separable)
    feats = torch.randn(2, 4, *size, requires_grad=True)

    out = aspp(feats)
    out.sum().backward()

    assert out.shape == (2, 6, *size)
    assert feats.grad.isfinite().all()


def test_dropout_acts_in_training_only():
    aspp = ASPP(4, out_channels=6, dropout=0.5)
    feats = torch.randn(2, 4, 5, 5)
    assert (aspp(feats) == 0).float().mean() > (aspp.eval()(feats) == 0).float().mean()
    torch.testing.assert_close(aspp(feats), aspp(feats))
