"""Every config that adds PISR is short, touches little, and stands beside its base."""

import ast
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from mmpisr.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PATHS = sorted(CONFIGS.glob('pisr/pisr_*.py'))


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
    """The model, a hook, and at most rate and decay of the relation's parameters."""
    optional = {'default_hooks', 'optim_wrapper'}
    known = [
        f'dict(paramwise_cfg=dict(custom_keys=dict({key})))'
        for key in ('relation=dict(lr_mult=0.2)', 'category_=dict(decay_mult=0.0)')
    ]

    assert len(path.read_text().splitlines()) <= 15
    assert {'_base_', 'model'} <= set(assigned) <= {'_base_', 'model', *optional}
    if 'optim_wrapper' in assigned:
        assert ast.unparse(assigned['optim_wrapper']) in known


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


def test_adamw_decays_nothing_that_belongs_to_a_category(path):
    cfg = Config.fromfile(path)
    if cfg.optim_wrapper.optimizer.type != 'AdamW':
        pytest.skip('no decoupled weight decay')
    relation = MODELS.build(
        dict(type='mmpisr.PISR', in_channels=8, num_classes=3, num_instances=2)
    )
    model = torch.nn.ModuleDict({'relation': relation})
    config = deepcopy(cfg.optim_wrapper)
    config.type = 'OptimWrapper'
    config.pop('loss_scale', None)

    groups = build_optim_wrapper(model, config).optimizer.param_groups

    decay = {id(p): group['weight_decay'] for group in groups for p in group['params']}
    decays = {name: decay[id(p)] > 0 for name, p in relation.named_parameters()}
    assert decays['attention.g_s.weight']
    assert not any(decays[name] for name in decays if 'category_' in name)
    assert sum('category_' in name for name in decays) == 3
