"""Every study file under configs/: what it changes exists, and its models train."""

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tiny_hosts import losses_of, make_results

from mmpisr.apis.option_flags import read_flags, to_flags
from mmpisr.apis.run_options import load_config
from mmpisr.evaluation import PanopticMetric
from mmpisr.registry import MODELS, TRANSFORMS
from mmpisr.studies.line_plot import STYLES
from mmpisr.studies.run_place import place_of
from mmpisr.studies.study_file import read_study

PATHS = sorted((Path(__file__).resolve().parents[1] / 'configs/studies').glob('*.yaml'))
ITERATIONS = {
    'relations_scenes_long': 1200,
    'hosts_panoptic-fpn_scenes': 600,
    'hosts_upernet_scenes': 600,
    'hosts_upernet_scenes_long': 1200,
    'tuning_panoptic-fpn_scenes': 600,
}
"""Of the studies on scenes that do not train the others' 800."""
HOSTS = ('panoptic-deeplab', 'panoptic-fpn', 'upernet', 'maskformer', 'mask2former')


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def study(request):
    return read_study(request.param)


@cache
def config_of(path):
    return Config.fromfile(path)


def load_variant(study, variant):
    options = read_flags(to_flags(study.options_of(variant)))
    cfg = load_config(str(variant.config), options=options)
    init_default_scope(cfg.default_scope)
    return cfg


def make_batch(cfg):
    """Two things on two kinds of stuff, through the config's own pipeline."""
    classes = cfg.model.get('panoptic_fusion_head') or cfg.model.panoptic_head
    things, stuff = classes.num_things_classes, classes.num_stuff_classes
    results = make_results((64, 96), empty=False) | dict(num_classes=things + stuff)
    labels = np.array([things, things + stuff - 1, 0, 1])
    results['segments'].update(labels=labels, is_thing=labels < things)
    for step in cfg.train_dataloader.dataset.pipeline:
        if not any(name in step['type'] for name in ('Load', 'Flip', 'Crop', 'Resize')):
            results = TRANSFORMS.build(step)(results)
    return {key: [value, value] for key, value in results.items()}


def test_a_study_has_the_name_of_its_file(study):
    assert study.name == study.file.stem


def test_each_line_of_a_plot_has_a_style_of_its_own(study):
    assert len({variant.line for variant in study.variants}) <= len({*STYLES})


def test_an_option_outside_the_model_changes_something_that_exists(study):
    arguments = inspect.signature(PanopticMetric).parameters
    for variant in study.variants:
        for key in study.options_of(variant):
            root, _, rest = key.partition('.')
            if root in ('val_evaluator', 'test_evaluator'):
                assert rest in arguments, (variant.label, key)
            elif rest.startswith('paramwise_cfg.custom_keys.'):
                name = rest.split('.')[2]
                model = MODELS.build(load_variant(study, variant).model)
                assert any(name in k for k, _ in model.named_parameters()), key
            elif root != 'model':
                node = config_of(variant.config)
                for part in key.removesuffix('._delete_').split('.'):
                    place = int(part) if isinstance(node, list) else part
                    assert isinstance(node, list) or place in node, (variant.label, key)
                    node = node[place]


@pytest.mark.parametrize(
    'path',
    [path for path in PATHS if '_scenes' in path.stem],
    ids=lambda path: path.stem,
)
def test_studies_on_scenes_share_their_trainings(path):
    """The same training in two studies is one training, if nothing else differs."""
    wanted = {
        'data_root': 'data/scenes',
        'train_cfg.val_interval': 200,
        'val_evaluator.relation_accuracy': True,
        'train_dataloader.num_workers': 1,
        'val_dataloader.num_workers': 1,
    }
    iterations = ITERATIONS.get(path.stem, 800)
    wanted |= {
        'train_cfg.max_iters': iterations,
        'param_scheduler.1.end': iterations,
    }
    assert read_study(path).options == wanted


@pytest.mark.slow
def test_what_several_studies_train_has_one_folder():
    """Also where an option is what the config says anyway."""
    places = {
        study.name: {
            variant.label: place_of(study, variant, Path('out')).training
            for variant in study.variants
        }
        for study in (read_study(p) for p in PATHS if '_scenes' in p.stem)
    }
    relations, hosts = places['relations_scenes'], 'hosts_panoptic-deeplab_scenes'
    maskformer = places['hosts_maskformer_scenes']
    fpn = places['hosts_panoptic-fpn_scenes']
    long = places['relations_scenes_long']

    assert long['PISR'] != relations['PISR'] == places['design_scenes']['PISR']
    assert relations['PISR'] == places['tuning_scenes']['PISR, lr=0.004']
    name = 'convolution of equal cost'
    tuned, rate = places['tuning_maskformer_scenes'], 'lr=0.002, relation x0.2'
    assert maskformer['base'] == tuned['base, lr=0.0005']
    assert maskformer[name] == tuned[f'{name}, lr=0.001']
    assert maskformer['PISR'] == tuned['PISR, lr=0.001']
    assert maskformer["PISR, the tuning's rate"] == tuned[f'PISR, {rate}']
    rate = 'lr=0.004, relation x0.2'
    tuned = places['tuning_panoptic-fpn_scenes']
    assert fpn['base'] == tuned['base, lr=0.004']
    assert fpn['PISR'] == tuned[f'PISR, {rate}']
    assert fpn[name] == tuned[f'{name}, {rate}']
    assert relations['PISR'] == places['cost_scenes']['PISR, 64 channels']
    assert relations['OCR'] == places['cost_scenes']['OCR']
    norm = places['encoding_norm_scenes']
    assert norm == {label: places['design_scenes'][label] for label in norm}
    fresh = places['relations_scenes_fresh_seeds']
    assert fresh == {name: relations[name] for name in ('base', 'OCR', 'PISR')}
    assert relations['base'] == places['warm_start_scenes']['base']
    names = 'base', 'convolution of equal cost', 'PISR'
    assert places[hosts] == {name: relations[name] for name in names}


@pytest.mark.slow
def test_the_rows_of_one_study_are_different_trainings(study):
    places = [
        place_of(study, variant, Path('out')).training
        for variant in study.variants
        if not variant.trained_as
    ]
    assert len({*places}) == len(places)


def test_each_host_has_a_study_of_its_base_the_control_and_pisr():
    for host in HOSTS:
        path = PATHS[0].with_name(f'hosts_{host}_scenes.yaml')
        base, control, pisr, *_ = read_study(path).variants
        assert control.control
        assert control.config == pisr.config
        assert base.config.stem == f'{host}_r18_1200-iter_scenes'
        assert pisr.config.stem == f'pisr_{base.config.stem}'


TRIED = {
    'tuning_scenes': [
        *((0.004, None), (0.002, None), (0.008, None)),
        (0.004, 1.0),
    ],
    'tuning_maskformer_scenes': [
        *((0.002, None), (0.001, None), (0.004, None)),
        *((0.002, 0.2), (0.001, 0.2)),
    ],
    'tuning_panoptic-fpn_scenes': [(0.004, 0.2), (0.002, None), (0.004, None)],
}
"""Rates of the host, and of the relation in times of it, that relations are given."""


@pytest.mark.parametrize('name', TRIED)
def test_tuning_tries_as_much_for_each_model_and_has_a_seed_of_its_own(name):
    tuning = read_study(PATHS[0].with_name(f'{name}.yaml'))
    host = 'optim_wrapper.optimizer.lr'
    relation = 'optim_wrapper.paramwise_cfg.custom_keys.relation.lr_mult'
    tried = {}
    for variant in tuning.variants:
        whole = variant.options.get('optim_wrapper')  # None: what the config has stays
        rate = whole['optimizer']['lr'] if whole else variant.options[host]
        part = variant.options.get(relation)
        model = variant.label.split(',')[0]
        assert variant.x == rate
        suffix = '' if part is None else f', relation x{part}'
        assert variant.line == f'{model}{suffix}'
        assert variant.label == f'{model}, lr={rate}{suffix}'
        tried.setdefault(model, []).append((rate, part))
    base = tried.pop('base')
    assert {part for _, part in base} == {None}
    assert len({*base}) == len(TRIED[name])
    assert [*tried.values()] == [TRIED[name]] * len(tried)
    others = [read_study(path) for path in PATHS if 'tuning' not in path.stem]
    assert not {*tuning.seeds} & {seed for study in others for seed in study.seeds}


@pytest.mark.slow
def test_each_variant_builds_its_model_and_has_a_finite_loss(study):
    for variant in study.variants:
        cfg = load_variant(study, variant)
        torch.manual_seed(0)
        model = MODELS.build(cfg.model).train()
        losses = losses_of(model, make_batch(cfg))
        assert losses, variant.label
        assert all(torch.isfinite(loss) for loss in losses.values()), variant.label
