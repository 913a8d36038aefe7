from copy import deepcopy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

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


def build(**relation):
    torch.manual_seed(0)
    config = deepcopy(MODEL)
    config['relation'].update(relation)
    return MODELS.build(config)


def make_sample(size=(HEIGHT, WIDTH)) -> DetDataSample:
    generator = torch.Generator().manual_seed(0)
    sample = DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, batch_input_shape=(HEIGHT, WIDTH))
    )
    labels = torch.randint(0, THINGS + STUFF, (1, *size), generator=generator)
    sample.gt_sem_seg = PixelData(sem_seg=labels)
    one = torch.ones(1, *size)
    sample.gt_panoptic_deeplab = PixelData(
        semantic_weights=one,
        center=torch.rand(1, *size, generator=generator),
        center_weights=one,
        offset=torch.randn(2, *size, generator=generator),
        offset_weights=one,
    )
    return sample


@pytest.fixture
def inputs():
    return torch.randn(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))


def test_both_stages_are_supervised_and_every_parameter_learns(inputs):
    model = build()
    torch.nn.init.ones_(model.relation.fuse.gate.weight)

    losses = model(inputs, [make_sample(), make_sample()], mode='loss')
    sum(losses.values()).backward()

    names = {'loss_semantic', 'loss_center', 'loss_offset'}
    assert set(losses) == names | {f'intermediate.{name}' for name in names}
    assert all(loss.isfinite() for loss in losses.values())
    assert not [n for n, w in model.named_parameters() if w.grad is None]


def test_a_fresh_relation_with_copied_heads_predicts_what_the_base_predicts(inputs):
    model = build().eval()
    model.final_panoptic_head.load_state_dict(model.panoptic_head.state_dict())

    intermediate, final = model.forward_stages(model.extract_feat(inputs))

    assert all(torch.equal(*maps) for maps in zip(intermediate, final, strict=True))


def test_base_parameters_keep_their_names():
    base_config = deepcopy(MODEL)
    base_config.pop('relation')
    base = MODELS.build({**base_config, 'type': 'mmpisr.PanopticDeepLab'})

    incompatible = build().load_state_dict(base.state_dict(), strict=False)

    assert not incompatible.unexpected_keys
    new = {name.split('.')[0] for name in incompatible.missing_keys}
    assert new == {'relation', 'final_panoptic_head'}


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


def test_what_stands_in_the_padding_of_the_features_does_not_reach_the_relation(inputs):
    model = build().eval()
    torch.nn.init.ones_(model.relation.fuse.gate.weight)
    samples = [make_sample(), make_sample((16, 32))]
    feats = model.extract_feat(inputs)
    maps = model.panoptic_head(feats)
    disturbed = [part.clone() for part in feats]
    for part in disturbed:
        part[1, :, 4:] = 100.0
        part[1, :, :, 8:] = 100.0

    expected = model.relate(feats, maps, samples)
    actual = model.relate(tuple(disturbed), maps, samples)

    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a[1, :, :4, :8], b[1, :, :4, :8])


def test_a_relation_for_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r'num_classes is 19.* 5'):
        build(num_classes=19)
