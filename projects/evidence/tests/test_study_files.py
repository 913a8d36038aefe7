"""Study files: what they change exists, models train, pages are up to date."""

import inspect
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from evidence.cost import check_controls
from evidence.page import write_page
from evidence.records import identify
from evidence.study import TEST, TRAINING
from evidence.study_file import read_study
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tiny_hosts import losses_of, make_results

from mmpisr.apis.option_flags import read_flags, to_flags
from mmpisr.apis.run_options import load_config
from mmpisr.evaluation import PanopticMetric
from mmpisr.registry import MODELS, TRANSFORMS

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / 'results'
PATHS = sorted((PROJECT / 'studies').glob('*.yaml'))
ITERATIONS = {
    'relations_scenes_long': 1200,
    'hosts_panoptic-fpn_scenes': 600,
    'hosts_upernet_scenes': 600,
    'hosts_upernet_scenes_long': 1200,
    'tuning_panoptic-fpn_scenes': 600,
}
"""Of the studies on scenes that do not train the others' 800."""
HOSTS = ('panoptic-deeplab', 'panoptic-fpn', 'upernet', 'maskformer', 'mask2former')
CONTROL = 'convolution of equal cost'


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def study(request):
    return read_study(request.param)


@cache
def config_of(path):
    return Config.fromfile(path)


@cache
def trainings(name):
    study = read_study(PROJECT / 'studies' / f'{name}.yaml')
    return {variant.label: identify(study, variant)[0] for variant in study.variants}


def load_variant(variant):
    options = read_flags(to_flags(variant.test))
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


def test_an_option_outside_the_model_changes_something_that_exists(study):
    arguments = inspect.signature(PanopticMetric).parameters
    for variant in study.variants:
        for key in variant.test.keys() - TRAINING.keys():
            root, _, rest = key.partition('.')
            if root in ('val_evaluator', 'test_evaluator'):
                assert rest in arguments, (variant.label, key)
            elif rest.startswith('paramwise_cfg.custom_keys.'):
                name = rest.split('.')[2]
                model = MODELS.build(load_variant(variant).model)
                assert any(name in k for k, _ in model.named_parameters()), key
            elif root != 'model':
                node = config_of(variant.config)
                for part in key.removesuffix('._delete_').split('.'):
                    place = int(part) if isinstance(node, list) else part
                    assert isinstance(node, list) or place in node, (variant.label, key)
                    node = node[place]


@pytest.mark.parametrize(
    'path', [p for p in PATHS if '_scenes' in p.stem], ids=lambda path: path.stem
)
def test_studies_on_scenes_share_their_trainings(path):
    """The same training in two studies is one training, if nothing else differs."""
    iterations = ITERATIONS.get(path.stem, 800)
    wanted = {
        'data_root': 'data/scenes',
        'train_cfg.val_interval': 200,
        'val_evaluator.relation_accuracy': True,
        'train_dataloader.num_workers': 1,
        'val_dataloader.num_workers': 1,
        'train_cfg.max_iters': iterations,
        'param_scheduler.1.end': iterations,
    }
    for variant in read_study(path).variants:
        assert wanted.items() <= variant.training.items(), variant.label
        assert TEST.items() <= variant.test.items()


@pytest.mark.slow
def test_what_several_studies_train_is_one_training():
    """Also where an option is what the config says anyway."""
    relations = trainings('relations_scenes')
    rate, best = 'lr=0.002, relation x0.2', 'lr=0.004, relation x0.2'
    same = {
        ('hosts_maskformer_scenes', 'tuning_maskformer_scenes'): {
            'base': 'base, lr=0.0005',
            CONTROL: f'{CONTROL}, lr=0.001',
            'PISR': 'PISR, lr=0.001',
            "PISR, the tuning's rate": f'PISR, {rate}',
        },
        ('hosts_panoptic-fpn_scenes', 'tuning_panoptic-fpn_scenes'): {
            'base': 'base, lr=0.004',
            CONTROL: f'{CONTROL}, {best}',
            'PISR': f'PISR, {best}',
        },
        ('relations_scenes', 'design_scenes'): {'PISR': 'PISR', 'base': 'base'},
        ('relations_scenes', 'tuning_scenes'): {'PISR': 'PISR, lr=0.004'},
        ('relations_scenes', 'cost_scenes'): {'PISR': 'PISR, 64 channels'},
        ('relations_scenes', 'warm_start_scenes'): {'base': 'base'},
        ('design_scenes', 'encoding_norm_scenes'): {'PISR': 'PISR'},
        ('relations_msrc22', 'cost_msrc22'): {
            'base': 'base, MobileNetV2',
            'OCR': 'OCR',
            'PISR': 'PISR, 64 channels',
        },
        ('relations_msrc22', 'table5_msrc22'): {'base': 'base', 'PISR': 'PISR'},
        ('relations_coco12', 'k_coco12'): {
            'base': 'base',
            'PISR': 'reweighted, K=20',
        },
    }
    for (first, second), labels in same.items():
        for label, other in labels.items():
            assert trainings(first)[label] == trainings(second)[other], (label, other)
    assert trainings('relations_scenes_long')['PISR'] != relations['PISR']


@pytest.mark.slow
def test_the_rows_of_one_study_are_different_trainings(study):
    own = [v.label for v in study.variants if not v.trained_as]
    assert len({trainings(study.name)[label] for label in own}) == len(own)


@pytest.mark.parametrize('host', HOSTS)
def test_each_host_has_a_study_of_its_base_the_control_and_pisr(host):
    path = PROJECT / 'studies' / f'hosts_{host}_scenes.yaml'
    base, control, pisr, *_ = read_study(path).variants
    assert control.control
    assert control.config == pisr.config
    assert base.config.stem == f'{host}_r18_1200-iter_scenes'
    assert pisr.config.stem == f'pisr_{base.config.stem}'


@pytest.mark.parametrize('path', [p for p in PATHS if 'tuning' in p.stem], ids=str)
def test_tuning_tries_as_much_for_each_relation_and_has_a_seed_of_its_own(path):
    tuning = read_study(path)
    host = 'optim_wrapper.optimizer.lr'
    relation = 'optim_wrapper.paramwise_cfg.custom_keys.relation.lr_mult'
    tried: dict = {}
    for variant in tuning.variants:
        rate, part = variant.training[host], variant.training.get(relation)
        model = variant.label.split(',')[0]
        suffix = '' if part is None else f', relation x{part}'
        assert variant.x == rate
        assert variant.line == f'{model}{suffix}'
        assert variant.label == f'{model}, lr={rate}{suffix}'
        tried.setdefault(model, set()).add((rate, part))
    count = len(tried['base'])
    relations = [rates for model, rates in tried.items() if model != 'base']
    assert all(rates == relations[0] for rates in relations)
    assert count >= len(relations[0])
    others = [read_study(other) for other in PATHS if 'tuning' not in other.stem]
    assert not {*tuning.seeds} & {seed for study in others for seed in study.seeds}


@pytest.mark.slow
def test_each_control_adds_the_gmacs_of_its_model(study, tmp_path):
    path = tmp_path / 'annotations' / 'panoptic_val.json'
    path.parent.mkdir()
    path.write_text(json.dumps({'images': [dict(height=128, width=192)]}))

    check_controls(study, {'data_root': str(tmp_path)})


@pytest.mark.slow
def test_each_variant_builds_its_model_and_has_a_finite_loss(study):
    for variant in study.variants:
        cfg = load_variant(variant)
        torch.manual_seed(0)
        model = MODELS.build(cfg.model).train()
        losses = losses_of(model, make_batch(cfg))
        assert losses, variant.label
        assert all(torch.isfinite(loss) for loss in losses.values()), variant.label


@pytest.mark.slow
@pytest.mark.parametrize(
    'path', [p for p in PATHS if (RESULTS / f'{p.stem}.md').is_file()], ids=str
)
def test_pages_and_tables_are_what_the_records_make(path, repo, tmp_path):
    mark = f'<!-- study:{path.stem} -->'
    pages = [repo / 'README.md', RESULTS / 'README.md']
    pages = [page for page in pages if mark in page.read_text()]
    copies = [tmp_path / page.relative_to(repo) for page in pages]
    results = tmp_path / RESULTS.relative_to(repo)
    results.mkdir(parents=True)
    for page, copy in zip(pages, copies, strict=True):
        shutil.copy(page, copy)

    records = RESULTS / 'runs.jsonl'
    again = write_page(read_study(path), records=records, results=results, into=copies)

    assert again.read_text() == (RESULTS / again.name).read_text()
    for page, copy in zip(pages, copies, strict=True):
        assert copy.read_text() == page.read_text()


def test_results_are_small():
    files = [path for path in RESULTS.rglob('*') if path.is_file()]
    assert len(files) <= 80
    assert sum(path.stat().st_size for path in files) < 3e6
