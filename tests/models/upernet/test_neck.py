import pytest
import torch
from mmdet.models.necks import FPN
from torch import nn

from mmpisr.models.hosts import recorded
from mmpisr.models.upernet import PyramidPoolingFPN

CHANNELS = (4, 8, 16)
GROUP_NORM = dict(type='GN', num_groups=2)


def make_neck(**changes):
    torch.manual_seed(0)
    arguments = dict(out_channels=8, num_outs=4, pool_norm_cfg=GROUP_NORM)
    return PyramidPoolingFPN(CHANNELS, **{**arguments, **changes})


def make_levels(batch=2, size=(16, 24)):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(batch, c, *(max(s >> i, 1) for s in size), generator=generator)
        for i, c in enumerate(CHANNELS)
    ]


def test_every_level_keeps_its_size_and_the_extra_one_has_half():
    outs = make_neck()(make_levels())

    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert [out.shape for out in outs] == [(2, 8, *size) for size in sizes]


def test_every_parameter_and_level_gets_a_gradient():
    neck, levels = make_neck(), [level.requires_grad_() for level in make_levels()]

    sum(out.square().sum() for out in neck(levels)).backward()

    for tensor in (*neck.parameters(), *levels):
        assert tensor.grad.abs().sum() > 0


def test_one_pixel_of_the_coarsest_level_reaches_every_pixel_of_the_finest():
    neck, levels = make_neck(norm_cfg=None), make_levels(batch=1)
    levels[-1].requires_grad_()

    neck(levels)[0][..., -1, -1].sum().backward()

    assert (levels[-1].grad.abs().sum(dim=1) > 0).all()


def test_pooling_to_one_cell_joins_the_mean_by_hand():
    neck = make_neck(pool_scales=(1,))
    one_cell = neck.pyramid_pooling[0][1]
    one_cell.with_norm = neck.bottleneck.with_norm = False
    nn.init.constant_(one_cell.conv.weight, 0.5)
    nn.init.zeros_(neck.bottleneck.conv.weight)
    nn.init.ones_(neck.bottleneck.conv.weight[:, 16:, 1, 1])  # what was pooled
    coarsest = torch.rand(1, 16, 4, 6)

    with recorded(neck.bottleneck) as fused:
        neck([*make_levels(batch=1)[:2], coarsest])

    expected = 8 * 0.5 * coarsest.mean(dim=(2, 3)).sum()  # 8 pooled channels
    torch.testing.assert_close(fused.output, expected.expand(1, 8, 4, 6))


def test_after_the_pooling_it_equals_mmdets_fpn():
    neck, levels = make_neck(), make_levels()
    fpn = FPN([4, 8, 8], out_channels=8, num_outs=4)
    fpn.load_state_dict(neck.state_dict(), strict=False)

    with recorded(neck.bottleneck) as fused:
        outs = neck(levels)

    expected = fpn([*levels[:-1], fused.output])
    assert all(torch.equal(a, e) for a, e in zip(outs, expected, strict=True))


@pytest.mark.parametrize('size', [(16, 24), (4, 4)])
def test_one_image_trains_even_where_the_coarsest_level_is_one_pixel(size):
    neck = make_neck(norm_cfg=dict(type='GN', num_groups=2)).train()

    outs = neck(make_levels(batch=1, size=size))

    assert all(out.isfinite().all() for out in outs)
    assert outs[2].shape[-2:] == (size[0] // 4, size[1] // 4)
