"""Three things, two stuff classes, stride 4."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps
from mmpisr.registry import MODELS


def build(**options):
    return MODELS.build(
        dict(
            type='mmpisr.PanopticDeepLabHead',
            num_things_classes=3,
            num_stuff_classes=2,
            semantic_channels=8,
            instance_channels=6,
            semantic_head_channels=8,
            instance_head_channels=4,
            **options,
        )
    )


def make_sample(height=16, width=24, weight=1.0, label=0):
    size = (height, width)
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
    sample.gt_sem_seg = PixelData(sem_seg=torch.full((1, *size), label))
    sample.gt_panoptic_deeplab = PixelData(
        semantic_weights=torch.full((1, *size), weight),
        center=torch.ones(1, *size),
        center_weights=torch.full((1, *size), weight),
        offset=torch.ones(2, *size),
        offset_weights=torch.full((1, *size), weight),
    )
    return sample


def zero_maps(batch=1):
    shapes = [(batch, 5, 4, 6), (batch, 1, 4, 6), (batch, 2, 4, 6)]
    return PanopticDeepLabMaps(*(torch.zeros(s, requires_grad=True) for s in shapes))


@pytest.mark.parametrize('separable', [True, False])
def test_maps_have_the_resolution_of_the_features(separable):
    head = build(separable=separable)
    maps = head((torch.randn(2, 8, 4, 6), torch.randn(2, 6, 4, 6)))
    assert [tuple(m.shape) for m in maps] == [(2, 5, 4, 6), (2, 1, 4, 6), (2, 2, 4, 6)]
    assert head.num_classes == 5


def test_predictors_start_small():
    head = build()
    head.init_weights()
    for predictor in (
        head.semantic_predictor,
        head.center_predictor,
        head.offset_predictor,
    ):
        assert 0 < predictor.weight.std() < 0.002
        assert torch.count_nonzero(predictor.bias) == 0


def test_losses_of_zero_maps_by_hand():
    losses = build().loss_by_maps(zero_maps(), [make_sample()])

    torch.testing.assert_close(losses['loss_semantic'], torch.tensor(5.0).log())
    torch.testing.assert_close(losses['loss_center'], torch.tensor(200.0))
    # both axes are summed, as detectron2 does
    torch.testing.assert_close(losses['loss_offset'], torch.tensor(0.02))


def test_offsets_count_pixels_of_the_stride():
    maps = zero_maps()._replace(offset=torch.full((1, 2, 4, 6), 0.25))
    assert build().loss_by_maps(maps, [make_sample()])['loss_offset'] == 0


def test_padding_of_a_smaller_image_has_no_gradient():
    maps = zero_maps(2)

    losses = build().loss_by_maps(maps, [make_sample(), make_sample(8, 8)])
    sum(losses.values()).backward()

    for values in maps:
        assert torch.count_nonzero(values.grad[1, :, 3:]) == 0
        assert torch.count_nonzero(values.grad[1, :, :, 3:]) == 0
    torch.testing.assert_close(losses['loss_center'], torch.tensor(200.0))


def test_an_image_of_void_gives_zeros_with_finite_gradients():
    maps = zero_maps()

    losses = build().loss_by_maps(maps, [make_sample(weight=0.0, label=255)])
    sum(losses.values()).backward()

    assert all(loss == 0 for loss in losses.values())
    assert all(torch.count_nonzero(values.grad) == 0 for values in maps)


def test_missing_targets_are_named():
    sample = make_sample()
    del sample.gt_panoptic_deeplab
    with pytest.raises(ValueError, match='mmpisr.PanopticDeepLabTargets'):
        build().loss_by_maps(zero_maps(), [sample])


def test_a_target_larger_than_the_input_is_an_error_with_both_sizes():
    with pytest.raises(ValueError, match='20 x 24 .* 16 x 24'):
        build().loss_by_maps(zero_maps(), [make_sample(height=20)])


def test_an_unknown_field_of_test_cfg_is_named():
    with pytest.raises(ValueError, match='top_n.*top_k'):
        build(test_cfg=dict(top_n=3))


def one_object():
    """Thing 1 in the middle of stuff 3, at stride 4."""
    maps = zero_maps()
    logits, center, offset = (m.detach() for m in maps)
    logits[:, 3] = 5
    logits[:, 1, 1:3, 2:5] = 10
    center[..., 1, 3] = 1
    offset[:, 0] = 1 - torch.arange(4.0).view(1, 4, 1)
    offset[:, 1] = 3 - torch.arange(6.0).view(1, 1, 6)
    return PanopticDeepLabMaps(logits, center, offset)


def test_results_have_the_original_size_or_that_of_the_input_without_padding():
    head = build(test_cfg=dict(stuff_area_limit=16))
    sample = DetDataSample(metainfo=dict(img_shape=(15, 22), ori_shape=(30, 44)))

    for rescale, size in ((True, (30, 44)), (False, (15, 22))):
        (result,) = head.predict_by_maps(one_object(), [sample], rescale=rescale)

        panoptic = result.pred_panoptic_seg.sem_seg
        assert panoptic.shape == (1, *size)
        assert panoptic.unique().tolist() == [3, 1001]
        assert result.pred_sem_seg.scores.shape == (5, *size)
        assert result.pred_instances.labels.tolist() == [1]
        assert 0.5 < result.pred_instances.scores.item() <= 1
