import pytest
import torch

from mmpisr.models.panoptic_deeplab import DeepLabDecoder, DualDecoder
from mmpisr.registry import MODELS


def pyramid(channels, size=16):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, width, size >> level, size >> level, generator=generator)
        for level, width in enumerate(channels)
    ]


@pytest.mark.parametrize('separable', [True, False])
@pytest.mark.parametrize('channels', [(4, 6), (4, 6, 8), (4, 6, 8, 10)])
def test_any_number_of_levels_ends_at_the_finest(channels, separable):
    decoder = DeepLabDecoder(
        channels,
        out_channels=7,
        project_channels=[3] * (len(channels) - 1),
        aspp_channels=5,
        separable=separable,
    )
    assert decoder(pyramid(channels)).shape == (2, 7, 16, 16)


def test_every_level_matters():
    decoder = DeepLabDecoder((4, 6, 8), out_channels=7, aspp_channels=5).eval()
    feats = [f.requires_grad_() for f in pyramid((4, 6, 8))]

    decoder(feats).sum().backward()

    assert all(f.grad.abs().sum() > 0 for f in feats)


def test_a_missing_projection_is_an_error_that_names_both_numbers():
    with pytest.raises(ValueError, match='4 levels need 3 projections.*has 2'):
        DeepLabDecoder((4, 6, 8, 10), project_channels=(3, 3))


def test_the_two_decoders_share_arguments_and_nothing_else():
    neck = MODELS.build(
        dict(
            type='mmpisr.DualDecoder',
            in_channels=(4, 6, 8),
            semantic=dict(out_channels=7, aspp_channels=5),
            instance=dict(out_channels=3, aspp_channels=5),
            pool_size=(2, 2),
        )
    )

    semantic, instance = neck(pyramid((4, 6, 8)))

    assert neck.semantic.aspp.pool_size == neck.instance.aspp.pool_size == (2, 2)
    assert neck.out_channels == (semantic.shape[1], instance.shape[1]) == (7, 3)
    assert not set(neck.semantic.parameters()) & set(neck.instance.parameters())


def test_another_number_of_levels_is_an_error_with_both_numbers():
    neck = DualDecoder((4, 6, 8))
    with pytest.raises(ValueError, match='3 levels.*gives 2'):
        neck(pyramid((4, 6)))
