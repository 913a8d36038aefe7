"""The guide's own code, run from its text."""

import re

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from mmengine.structures import PixelData

import mmpisr
from mmpisr.families import FAMILIES

BLOCK = re.compile(r'^```python\n(.*?)^```', re.DOTALL | re.MULTILINE)
SIZES = (64, 96), (50, 70)


@pytest.fixture(scope='module')
def blocks(repo):
    """Python blocks of the guide, in order."""
    return BLOCK.findall((repo / 'docs' / 'your_own_architecture.md').read_text())


@pytest.fixture(scope='module')
def guide(blocks):
    """What the blocks define; the family is forgotten afterwards."""
    known = [*FAMILIES]
    names = {}
    for block in blocks:
        exec(compile(block, 'your_own_architecture.md', 'exec'), names)
    yield names
    FAMILIES[:] = known


@pytest.fixture
def host(guide):
    """The host, from the config that the guide makes."""
    torch.manual_seed(0)
    return MODELS.build(guide['cfg'].model)


def make_batch(*sizes):
    """Random images with a random class and cell for every pixel."""
    inputs, samples = [], []
    for size in sizes:
        sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        sample.gt_sem_seg = PixelData(sem_seg=torch.randint(5, (1, *size)))
        sample.gt_cells = PixelData(masks=torch.randint(2, (4, *size)).float())
        samples.append(sample)
        inputs.append(torch.randint(256, (3, *size), dtype=torch.uint8))
    return dict(inputs=inputs, data_samples=samples)


def predict(model, batch):
    with torch.no_grad():
        samples = model.eval().test_step(batch)
    return [sample.pred_panoptic_seg.sem_seg for sample in samples]


def test_the_host_has_under_60_lines(blocks):
    (host,) = [block for block in blocks if 'class PISRToy' in block]

    assert len(host.splitlines()) < 60


def test_add_relation_knows_the_family_that_the_guide_registers(guide):
    assert guide['base'].model.type == 'toy.Toy'
    assert guide['cfg'].model.type == 'toy.PISRToy'
    assert guide['cfg'].model.relation == dict(type='mmpisr.PISR', num_instances=6)


def test_the_host_trains_one_step_and_every_new_parameter_gets_a_gradient(host):
    before = {name: p.clone() for name, p in host.named_parameters()}
    optimizer = torch.optim.SGD(host.parameters(), lr=0.1)

    logs = host.train().train_step(
        make_batch(SIZES[0], SIZES[0]), OptimWrapper(optimizer)
    )

    assert all(value.isfinite() for value in logs.values())
    assert logs.keys() >= {'loss_sem', 'intermediate.loss_sem', 'intermediate.loss_ins'}
    assert [n for n, p in host.named_parameters() if torch.equal(p, before[n])] == []


def test_a_loaded_base_is_predicted_bit_for_bit(guide, host):
    base, batch = MODELS.build(guide['base'].model), make_batch(*SIZES)

    assert not torch.equal(predict(base, batch)[0], predict(host, batch)[0])
    incompatible = host.load_state_dict(base.state_dict(), strict=False)

    assert not incompatible.unexpected_keys
    new = {name.split('.')[0] for name in incompatible.missing_keys}
    assert new == {'relation', 'final_head'}
    for expected, actual in zip(
        predict(base, batch), predict(host, batch), strict=True
    ):
        assert torch.equal(expected, actual)


def test_a_batch_of_two_sizes_is_two_single_images(host):
    images = host.data_preprocessor(make_batch(*SIZES))
    with torch.no_grad():
        both = host.eval()._forward(**_renamed(images))
        for index in range(2):
            single = host._forward(
                images['inputs'][index : index + 1],
                images['data_samples'][index : index + 1],
            )
            height, width = (length // 4 for length in SIZES[index])
            torch.testing.assert_close(
                both[index, :, :height, :width],
                single[0, :, :height, :width],
                atol=1e-4,
                rtol=0,
            )


@pytest.mark.parametrize('relation', ['OCRRelation', 'ConcatRelation', 'ConvRelation'])
def test_the_host_takes_any_relation(guide, relation):
    cfg = mmpisr.add_relation(guide['base'], relation=relation, num_instances=2)

    (panoptic,) = predict(MODELS.build(cfg.model), make_batch(SIZES[0]))

    assert panoptic.shape == (1, *SIZES[0])


def test_a_recording_reads_the_first_prediction(guide, host):
    images = torch.rand(1, 3, 32, 32)

    feats, maps = guide['first_prediction'](host, images)

    assert torch.equal(host.head(feats), maps)


def _renamed(images):
    return dict(
        batch_inputs=images['inputs'], batch_data_samples=images['data_samples']
    )
