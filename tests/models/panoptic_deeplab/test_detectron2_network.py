"""The network answers as detectron2's does, whose answers were recorded."""

import json
import runpy
import zlib
from math import prod

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmpisr.registry import MODELS


def weights_from_name(name: str, shape: list[int]) -> torch.Tensor:
    """The recipe of the recording."""
    if name.endswith('num_batches_tracked'):
        return torch.zeros(shape, dtype=torch.long)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    values = torch.randn(shape, generator=generator)
    if len(shape) == 4:
        return values / prod(shape[1:]) ** 0.5
    if name.endswith('norm.weight'):
        return 1 + 0.1 * values
    if name.endswith('running_var'):
        return 1 + 0.1 * values.abs()
    return 0.1 * values


@pytest.fixture(scope='module')
def reference(shared_data):
    return shared_data / 'detectron2_reference'


@pytest.fixture(scope='module')
def convert(repo):
    path = repo / 'tools/model_converters/detectron2_panoptic_deeplab.py'
    return runpy.run_path(str(path))['convert_state_dict']


@pytest.fixture(scope='module')
def state(reference):
    names = reference / 'network_r52_dsconv_state_dict.json'
    shapes = json.loads(names.read_text())
    return {name: weights_from_name(name, shape) for name, shape in shapes.items()}


@pytest.fixture(scope='module')
def model(repo):
    cfg = Config.fromfile(repo / 'configs/_base_/models/panoptic-deeplab_r52.py').model
    cfg.panoptic_head.update(num_things_classes=8, num_stuff_classes=11)
    return MODELS.build(cfg).eval()


@torch.no_grad()
def maps_at_every_eighth_pixel(model, state):
    model.load_state_dict(state)
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 512, 1024, generator=generator) * 2 - 1
    maps = model(image).upsample(model.panoptic_head.stride)
    return {name: values[0, :, ::8, ::8] for name, values in maps._asdict().items()}


@pytest.mark.slow
def test_converted_weights_give_the_recorded_maps(model, state, convert, reference):
    converted = convert(state, expected=model.state_dict())
    actual = maps_at_every_eighth_pixel(model, converted)

    expected = np.load(reference / 'network_r52_dsconv.npz')
    things_first = np.roll(expected['sem'], 8, axis=0)
    for name, values in (
        ('sem_logits', things_first),
        ('center', expected['center']),
        ('offset', expected['offset']),
    ):
        difference = np.abs(actual[name].numpy() - values).max()
        assert difference < 1e-4, name


def test_a_left_over_or_missing_tensor_is_named(model, state, convert):
    expected = model.state_dict()
    missing = {k: v for k, v in state.items() if k != 'sem_seg_head.predictor.bias'}

    with pytest.raises(ValueError, match='lacks.*semantic_predictor.bias'):
        convert(missing, expected=expected)
    extra = 'sem_seg_head.decoder.res5.project_conv.convs.9.weight'
    with pytest.raises(ValueError, match='aspp.branches.9.conv.weight'):
        convert({**state, extra: torch.zeros(1)}, expected=expected)
    with pytest.raises(ValueError, match='box_head'):
        convert({**state, 'roi_heads.box_head.fc1.weight': torch.zeros(1)})


def test_a_backbone_alone_converts_without_prefix(model, state, convert):
    prefix = 'backbone.'
    alone = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
    alone['stem.fc.weight'] = torch.zeros(1000, 2048)

    assert convert(alone).keys() == model.backbone.state_dict().keys()
