"""Checkpoints reduced for publication."""

import runpy
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.runner.checkpoint import load_checkpoint

import mmpisr
from mmpisr.apis import launch
from mmpisr.engine.checkpoint import checkpoint_trust

TOY = str(Path(__file__).parents[1] / 'support' / 'toy_config.py')
AVERAGED = "custom_hooks = [dict(type='EMAHook', momentum=0.5)]"


@pytest.fixture(scope='module')
def tool(repo):
    return runpy.run_path(str(repo / 'tools/model_converters/publish_model.py'))


@pytest.fixture(scope='module')
def host(repo):
    path = repo / 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'
    return Config.fromfile(path).model


def test_the_published_model_predicts_the_same_and_its_name_has_its_hash(
    tool, host, tmp_path
):
    model, other = (MODELS.build(host).eval() for _ in range(2))
    meta = dict(dataset_meta=dict(classes=('cat', 'sky')), iter=7)
    state = dict(state_dict=model.state_dict(), meta=meta, optimizer=dict(state={}))
    torch.save(state, tmp_path / 'iter_7.pth')

    tool['main']([str(tmp_path / 'iter_7.pth'), str(tmp_path / 'new' / 'mine.pth')])

    (path,) = (tmp_path / 'new').iterdir()
    assert path.name == f'mine-{sha256(path.read_bytes()).hexdigest()[:8]}.pth'
    with checkpoint_trust():
        published = load_checkpoint(other, str(path))
    assert published.keys() == {'state_dict', 'meta'}
    assert published['meta'] == {**meta, 'mmpisr_version': mmpisr.__version__}
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected, actual = (m(images, mode='tensor') for m in (model, other))
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


def test_the_same_weights_have_the_same_name(tool, tmp_path):
    torch.save(dict(state_dict=dict(weight=torch.ones(2))), tmp_path / 'a.pth')

    first = tool['publish_model'](str(tmp_path / 'a.pth'), tmp_path / 'mine.pth')
    again = tool['publish_model'](str(tmp_path / 'a.pth'), tmp_path / 'b' / 'mine.pth')

    assert first.name == again.name


def test_averaged_weights_are_published(tool, tmp_path):
    options = ['--cfg-options', 'randomness.seed=0']
    launch.train([TOY, '--work-dir', str(tmp_path / 'plain'), *options])
    config = tmp_path / 'averaged.py'
    config.write_text(f'_base_ = {TOY!r}\n{AVERAGED}\n')
    launch.train([str(config), '--work-dir', str(tmp_path / 'ema'), *options])

    plain, averaged = (
        torch.load(tool['publish_model'](str(tmp_path / name / 'iter_2.pth'), out))
        for name, out in [('plain', tmp_path / 'p.pth'), ('ema', tmp_path / 'e.pth')]
    )

    source = torch.load(tmp_path / 'ema' / 'iter_2.pth', weights_only=False)
    last = source['ema_state_dict']['module.weight']  # mmengine swaps the two
    torch.testing.assert_close(plain['state_dict']['weight'], last)
    assert not torch.equal(averaged['state_dict']['weight'], last)
    assert averaged.keys() == {'state_dict', 'meta'}


def test_a_file_without_weights_is_refused_and_nothing_is_written(tool, tmp_path):
    torch.save(dict(model=dict(weight=torch.ones(2))), tmp_path / 'a.pth')

    with pytest.raises(SystemExit, match=r"a\.pth has no state_dict, but \['model'\]"):
        tool['main']([str(tmp_path / 'a.pth'), str(tmp_path / 'out.pth')])
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']
