from copy import deepcopy

import pytest
import torch
from mmdet.structures import DetDataSample

from mmpisr.registry import MODELS

THINGS, STUFF, HEIGHT, WIDTH = 2, 3, 32, 64
MODEL = dict(
    type='mmpisr.PISRPanopticDeepLab',
    backbone=dict(
        type='mmseg.ResNetV1c',
        depth=18,
        base_channels=8,
        stem_channels=8,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        out_indices=(0, 1, 3),
    ),
    neck=dict(
        type='mmpisr.DualDecoder',
        in_channels=(8, 16, 64),
        semantic=dict(out_channels=16, aspp_channels=16),
        instance=dict(out_channels=8, aspp_channels=16),
    ),
    panoptic_head=dict(
        type='mmpisr.PanopticDeepLabHead',
        num_things_classes=THINGS,
        num_stuff_classes=STUFF,
        semantic_channels=16,
        instance_channels=8,
        semantic_head_channels=16,
        instance_head_channels=8,
    ),
    relation=dict(type='mmpisr.PISR', num_instances=4, channels=8),
)


def build():
    torch.manual_seed(0)
    return MODELS.build(deepcopy(MODEL))


def make_sample(size=(HEIGHT, WIDTH)) -> DetDataSample:
    return DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, batch_input_shape=(HEIGHT, WIDTH))
    )


@pytest.fixture
def inputs():
    return torch.randn(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))


def test_the_tensor_mode_runs_the_final_stage(inputs):
    model = build().eval()
    seen = []
    model.final_panoptic_head.register_forward_hook(lambda *args: seen.append(args[-1]))

    maps = model(inputs, mode='tensor')

    assert maps is seen[0]
    assert maps.sem_logits.shape == (2, THINGS + STUFF, HEIGHT // 4, WIDTH // 4)


def test_predictions_have_the_original_size(inputs):
    samples = [make_sample(), make_sample((20, 40))]

    results = build().eval()(inputs, samples, mode='predict')

    assert results[1].pred_panoptic_seg.sem_seg.shape == (1, 20, 40)
    assert results[1].pred_sem_seg.scores.shape == (THINGS + STUFF, 20, 40)


def test_feature_values_in_the_padding_do_not_change_related_features(inputs):
    model = build().eval()
    samples = [make_sample(), make_sample((16, 32))]
    feats = model.extract_feat(inputs)
    maps = model.panoptic_head(feats)
    disturbed = [part.clone() for part in feats]
    for part in disturbed:
        part[1, :, 4:] = 100.0
        part[1, :, :, 8:] = 100.0

    expected = model.related_feats(feats, maps, samples)
    actual = model.related_feats(tuple(disturbed), maps, samples)

    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a[1, :, :4, :8], b[1, :, :4, :8])


def test_centres_in_padding_take_no_slots(inputs):
    model = build().eval()
    samples = [make_sample(), make_sample((16, 32))]
    feats = model.extract_feat(inputs)
    maps = model.panoptic_head(feats)
    center = maps.center.clone()
    center[1, :, 4:, ::2] = 10.0  # more peaks than there are slots

    expected = model.related_feats(feats, maps, samples)
    actual = model.related_feats(feats, maps._replace(center=center), samples)

    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a[1, :, :4, :8], b[1, :, :4, :8])
