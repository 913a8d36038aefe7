import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from torch import nn
from torch.nn import functional as F

from mmpisr.models.upernet import UPerNetHead

THINGS, STUFF = 3, 4
SIZE = (16, 24)  # of the finest level; the image has four times that


def make_head(**changes):
    torch.manual_seed(0)
    arguments = dict(
        num_things_classes=THINGS,
        num_stuff_classes=STUFF,
        channels=8,
        num_levels=3,
        norm_cfg=dict(type='GN', num_groups=2),
    )
    return UPerNetHead(4, **{**arguments, **changes})


def make_levels(batch=2, num_levels=4):
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randn(batch, 4, SIZE[0] >> i, SIZE[1] >> i, generator=generator)
        for i in range(num_levels)
    )


def make_samples(labels):
    """One sample for each map of labels, given at the finest level's size."""
    samples = []
    for image in labels:
        whole = image.repeat_interleave(4, 0).repeat_interleave(4, 1)
        sample = DetDataSample()
        sample.gt_sem_seg = PixelData(sem_seg=whole[None])
        samples.append(sample)
    return samples


def test_logits_have_the_size_of_the_finest_level_and_one_class_for_all_things():
    out = make_head()(make_levels())

    assert out['seg_preds'].shape == (2, STUFF + 1, *SIZE)
    assert out['seg_feats'].shape == (2, 8, *SIZE)


def test_the_fused_map_reads_every_level_but_none_past_num_levels():
    head = make_head()
    levels = [level.requires_grad_() for level in make_levels()]

    head(levels)['seg_preds'].square().sum().backward()

    assert all(level.grad.abs().sum() > 0 for level in levels[:3])
    assert levels[3].grad is None


def test_the_loss_reaches_every_parameter():
    head = make_head()
    labels = torch.randint(THINGS + STUFF, (2, *SIZE))

    head.loss(make_levels(), make_samples(labels))['loss_seg'].backward()

    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_the_loss_merges_things_into_the_last_class_and_leaves_void_out():
    head = make_head(num_levels=1)
    level = make_levels(batch=1)[:1]
    labels = torch.full((1, *SIZE), 255)
    labels[0, 0, :4] = torch.tensor([0, 2, 3, 6])  # two things, two stuff classes
    logits = head(level)['seg_preds'][0, :, 0, :4].T  # (4, STUFF + 1)
    expected = F.cross_entropy(logits, torch.tensor([4, 4, 0, 3]), reduction='sum')

    loss = head.loss(level, make_samples(labels))['loss_seg']

    torch.testing.assert_close(loss, expected / labels.numel())  # as mmdet averages


def test_an_image_of_void_only_gives_a_zero_that_is_in_the_graph():
    labels = torch.full((1, *SIZE), 255)

    loss = make_head().loss(make_levels(batch=1), make_samples(labels))['loss_seg']
    loss.backward()

    assert loss == 0


def test_constant_levels_give_their_sum_by_hand():
    head = make_head(num_levels=2)
    head.fuse.with_norm = False
    nn.init.zeros_(head.fuse.conv.weight)
    nn.init.ones_(head.fuse.conv.weight[:, :, 1, 1])
    levels = torch.full((1, 4, 4, 4), 1.0), torch.full((1, 4, 2, 2), 10.0)

    feats = head(levels)['seg_feats']

    assert (feats == 4 * 1 + 4 * 10).all()


def test_an_image_of_a_batch_is_as_alone_with_odd_sizes_too():
    head = make_head().eval()
    levels = tuple(level[..., :-1, :-1] for level in make_levels())

    both = head(levels)['seg_preds']
    alone = head([level[1:] for level in levels])['seg_preds']

    torch.testing.assert_close(alone, both[1:])


def test_fewer_levels_than_num_levels_are_refused():
    with pytest.raises(ValueError, match='num_levels is 3, but 2 are given'):
        make_head()(make_levels(num_levels=2))
