import ast
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from mmdet.models.detectors import PanopticFPN
from mmengine.config import Config

import mmpisr
from mmpisr import add_relation
from mmpisr.families.add import read_config
from mmpisr.mim import mim_root

FPN = 'mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py'
HOSTS = {
    FPN: ('', 'TwoStagePanopticSegmentor'),
    'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py': (
        'panoptic_head',
        'MaskFormerHead',
    ),
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py': (
        'panoptic_head',
        'Mask2FormerHead',
    ),
    'mmpisr::panoptic_deeplab/panoptic-deeplab_r52_90k_cityscapes.py': (
        '',
        'PanopticDeepLab',
    ),
    'mmpisr::upernet/upernet_r50_270k_coco.py': ('', 'TwoStagePanopticSegmentor'),
}
OURS = sorted((mim_root() / 'configs' / 'pisr').glob('pisr_*.py'))


@pytest.mark.parametrize(('name', 'part', 'base'), [(k, *v) for k, v in HOSTS.items()])
def test_the_type_and_the_weight_decay_change_and_nothing_else(name, part, base):
    expected = read_config(name)
    changed = expected.model[part] if part else expected.model
    changed.type = f'mmpisr.PISR{base}'
    changed.relation = dict(type='mmpisr.PISR', num_instances=7)
    if expected.optim_wrapper.optimizer.type == 'AdamW':
        keys = expected.optim_wrapper.paramwise_cfg.custom_keys
        keys.category_ = dict(decay_mult=0.0)

    assert add_relation(name, num_instances=7)._cfg_dict == expected._cfg_dict


def test_the_argument_is_untouched(cfg):
    before = deepcopy(cfg._cfg_dict)

    added = add_relation(cfg)

    assert cfg._cfg_dict == before
    added.model.backbone.depth = 18
    assert cfg._cfg_dict == before


@pytest.mark.parametrize('path', OURS, ids=[path.stem for path in OURS])
def test_our_configs_are_what_the_function_makes(path):
    assigned = {
        ast.unparse(node.targets): ast.literal_eval(node.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets) == '_base_'
    }
    base, ours = assigned['_base_'], Config.fromfile(path).model
    added = add_relation(base if '::' in base else path.parent / base).model

    wanted = ours.get('panoptic_head', {}).get('relation') or ours.relation
    actual = added.get('panoptic_head', {}).get('relation') or added.relation
    actual.update(
        {key: wanted[key] for key in ('channels', 'num_instances') if key in wanted}
    )
    assert added == ours


@pytest.mark.parametrize(
    'relation',
    ['PISR', 'OCRRelation', 'ConcatRelation', 'ProductRelation', 'ConvRelation'],
)
def test_every_relation_of_ours_is_known_by_its_name(cfg, relation):
    added = add_relation(cfg, relation=relation)

    assert added.model.relation.type == f'mmpisr.{relation}'


def test_an_unknown_relation_is_answered_with_those_there_are(cfg):
    known = 'ConcatRelation, ConvRelation, OCRRelation, PISR, ProductRelation'

    with pytest.raises(ValueError, match=f"no relation 'PISA'; known are .*{known}"):
        add_relation(cfg, relation='PISA')


def test_a_module_that_is_no_relation_is_none(cfg):
    with pytest.raises(ValueError, match=r"no relation 'mmdet\.FPN'"):
        add_relation(cfg, relation='mmdet.FPN')


def test_no_instance_slots_are_refused(cfg):
    with pytest.raises(ValueError, match='num_instances must be at least 1, got 0'):
        add_relation(cfg, num_instances=0)


def test_a_class_in_place_of_its_name_is_understood(cfg):
    cfg.model.type = PanopticFPN

    assert add_relation(cfg).model.type == 'mmpisr.PISRTwoStagePanopticSegmentor'


def test_a_config_without_a_model_is_refused():
    with pytest.raises(ValueError, match='has no model'):
        add_relation(Config(dict(default_scope='mmdet')))


@pytest.mark.parametrize('name', ['mmdet::a/none.py', 'mmpisr::a/none.py', 'none.py'])
def test_a_config_that_does_not_exist_is_named(name):
    with pytest.raises(FileNotFoundError, match=r'none\.py'):
        add_relation(name)


def test_the_name_is_there_but_mmdet_is_not_loaded_for_it():
    code = """import sys, mmpisr
assert not {'mmdet', 'mmcv', 'mmpisr.families'} & set(sys.modules)
assert callable(mmpisr.add_relation)
assert 'mmdet' not in sys.modules"""

    subprocess.run(
        [sys.executable, '-c', code], check=True, cwd=Path(__file__).parents[2]
    )


def test_a_name_that_the_package_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'remove_relation'"):
        mmpisr.remove_relation  # noqa: B018


@pytest.mark.parametrize('loader', ['train_dataloader', 'test_dataloader'])
def test_a_pipeline_that_pads_is_refused_with_the_way_on(cfg, loader):
    pads = dict(type='RandomApply', transforms=[dict(type='mmdet.Pad', size=(96, 64))])
    cfg[loader] = dict(dataset=dict(type='CocoPanopticDataset', pipeline=[pads]))

    field = rf'{loader}\.dataset\.pipeline\[0\]\.transforms\[0\]'
    with pytest.raises(
        ValueError, match=f'{field} is a Pad.*BatchFixedSizePad.*96, 64'
    ):
        add_relation(cfg)
