"""Every config that adds PISR is short, touches little, and stands beside its base."""

import ast
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from mmpisr.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PATHS = sorted(CONFIGS.glob('pisr/*.py'))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def assigned(path):
    """What the config assigns, by name."""
    body = ast.parse(path.read_text()).body
    assert all(isinstance(node, ast.Assign) for node in body)
    return {node.targets[0].id: node.value for node in body}


def test_it_has_at_most_15_lines_and_changes_nothing_else_that_is_trained(
    path, assigned
):
    """The model, a hook, and at most the learning rate of the relation alone."""
    optional = {'default_hooks', 'optim_wrapper'}
    rate = 'dict(paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult=0.2))))'

    assert len(path.read_text().splitlines()) <= 15
    assert {'_base_', 'model'} <= set(assigned) <= {'_base_', 'model', *optional}
    if 'optim_wrapper' in assigned:
        assert ast.unparse(assigned['optim_wrapper']) == rate


@pytest.mark.parametrize('data', ['scenes', 'camvid'])
def test_the_relation_alone_learns_at_a_fifth_of_the_rate(data):
    path = CONFIGS / f'pisr/pisr_panoptic-deeplab_r18_1200-iter_{data}.py'
    cfg = Config.fromfile(path)
    model = MODELS.build(cfg.model)

    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups

    rates = {id(p): group['lr'] for group in groups for p in group['params']}
    for name, parameter in model.named_parameters():
        share = 0.2 if name.startswith('relation.') else 1
        assert rates[id(parameter)] == pytest.approx(0.004 * share), name


def test_its_base_has_its_name_without_the_relation(path, assigned):
    base = ast.literal_eval(assigned['_base_'])

    assert f'pisr_{Path(base).stem}' == path.stem
    assert '::' in base or (path.parent / base).is_file()
