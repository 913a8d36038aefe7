import torch

from mmpisr.models.relations import ChannelLayerNorm, normalise_channels


def feats(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 6, 3, 4, generator=generator).mul(3).add(1).to(dtype)


def test_each_pixel_has_a_mean_of_zero_and_a_variance_of_one():
    normed = normalise_channels(feats())

    torch.testing.assert_close(normed.mean(dim=1), torch.zeros(2, 3, 4))
    variance = normed.var(dim=1, correction=0)
    torch.testing.assert_close(variance, torch.ones(2, 3, 4), atol=1e-3, rtol=0)


def test_values_and_gradients_are_those_of_a_layer_norm_without_its_parameters():
    whole = feats(torch.float64).requires_grad_()
    weight = torch.randn(2, 6, 3, 4, dtype=torch.float64)
    expected = ChannelLayerNorm(6).double()(whole)
    (to_whole,) = torch.autograd.grad((expected * weight).sum(), whole)

    actual = normalise_channels(whole)
    (gradient,) = torch.autograd.grad((actual * weight).sum(), whole)

    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(gradient, to_whole)
    assert torch.autograd.gradcheck(normalise_channels, whole)


def test_a_pixel_of_equal_channels_gives_zeros_and_a_finite_gradient():
    flat = torch.full((1, 4, 1, 1), 2.0, requires_grad=True)

    normed = normalise_channels(flat)
    normed.sum().backward()

    assert torch.equal(normed, torch.zeros_like(normed))
    assert flat.grad.isfinite().all()


def test_half_precision_stays_half_and_close():
    for dtype in (torch.float16, torch.bfloat16):
        normed = normalise_channels(feats(dtype))
        assert normed.dtype == dtype
        torch.testing.assert_close(
            normed.float(), normalise_channels(feats()), atol=0.03, rtol=0.01
        )
