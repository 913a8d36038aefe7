"""Every UPerNet config, base or with a relation; the small ones also run."""

import json
import zipfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets import CocoPanopticDataset
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, TRANSFORMS, init_default_scope
from mmengine.structures import PixelData
from torch import nn

from mmpisr.class_lists import check_class_counts
from mmpisr.datasets import merge_options
from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.registry import DATASETS, METRICS, MODELS
from mmpisr.submissions import prepare_submission

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PATHS = [
    *sorted(CONFIGS.glob('upernet/*.py')),
    *sorted(CONFIGS.glob('pisr/pisr_upernet_*.py')),
]
SMALL = [path for path in PATHS if path.stem.endswith('_scenes')]
SWIN_L = [path for path in PATHS if 'swin-l' in path.stem]
THINGS_AND_STUFF = {'scenes': (8, 11), 'coco': (80, 53), 'ade20k': (100, 50)}
SIZES = [(3, 64, 96), (3, 50, 70)]


def load(path):
    cfg = Config.fromfile(path)
    cfg.model.backbone.init_cfg = None
    init_default_scope(cfg.default_scope)
    return cfg


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def cfg(request):
    """A parsed config without pretrained weights."""
    return load(request.param)


@pytest.fixture(params=SMALL, ids=lambda path: path.stem)
def small(request):
    """A small model."""
    cfg = load(request.param)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    return model, build_optim_wrapper(model, cfg.optim_wrapper)


def make_batch(*sizes, num_items=2):
    return demo_mm_inputs(
        len(sizes),
        list(sizes),
        num_items=[num_items] * len(sizes),
        num_classes=8,
        with_mask=True,
        with_semantic=True,
    )


def dataset_of(cfg):
    return Path(cfg.filename).stem.split('_')[-1].split('-')[0]


def build_without_memory(cfg, monkeypatch):
    """A model on the meta device."""
    # Swin reads its rates of stochastic depth as numbers, which meta tensors have not
    monkeypatch.setattr(torch, 'linspace', partial(torch.linspace, device='cpu'))
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def test_a_model_has_the_classes_of_its_dataset(cfg, monkeypatch):
    model = build_without_memory(cfg, monkeypatch)

    things, stuff = THINGS_AND_STUFF[dataset_of(cfg)]
    names = dict(thing_classes=range(things), stuff_classes=range(stuff))
    check_class_counts(model, names)
    assert model.num_classes == things + stuff
    assert model.semantic_head.num_classes == stuff + 1
    if 'pisr' in cfg.filename:
        assert model.relation.num_classes == things + stuff


def test_pipelines_and_schedule_build(cfg):
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
    model = torch.nn.Linear(1, 1)
    cfg.optim_wrapper.type = 'OptimWrapper'  # the other one asks for a GPU
    cfg.optim_wrapper.pop('loss_scale', None)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    for scheduler in cfg.param_scheduler:
        PARAM_SCHEDULERS.build(scheduler, default_args=dict(optimizer=wrapper))

    ends = [scheduler.end for scheduler in cfg.param_scheduler]
    assert max(ends) == cfg.train_cfg.max_iters
    assert 'mmpisr.InstancesFromSegments' in [
        step.type for step in cfg.train_dataloader.dataset.pipeline
    ]


@pytest.mark.parametrize('path', SWIN_L, ids=lambda path: path.stem)
def test_swin_l_recomputes_its_blocks_and_trains_in_mixed_precision(path):
    cfg = load(path)

    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
    assert cfg.model.backbone.with_cp != ('strategy' in cfg)


def test_a_step_moves_every_parameter_of_neck_and_semantic_head(small):
    model, optim_wrapper = small
    parts = nn.ModuleList([model.neck, model.semantic_head])
    before = {name: p.detach().clone() for name, p in parts.named_parameters()}

    logs = model.train().train_step(make_batch(*SIZES), optim_wrapper)

    assert all(torch.as_tensor(value).isfinite().all() for value in logs.values())
    for name, parameter in parts.named_parameters():
        assert not torch.equal(parameter, before[name]), name


@pytest.mark.parametrize('num_items', [1, 0])
def test_one_image_trains_with_and_without_things(small, num_items):
    model, optim_wrapper = small
    batch = make_batch(SIZES[0], num_items=num_items)

    logs = model.train().train_step(batch, optim_wrapper)

    assert torch.as_tensor(logs['loss']).isfinite()


def test_a_prediction_has_the_original_size_and_known_classes(small):
    model, _ = small

    samples = model.eval().test_step(make_batch(*SIZES))

    for sample, size in zip(samples, SIZES, strict=True):
        panoptic = sample.pred_panoptic_seg.sem_seg
        assert panoptic.shape == (1, *size[1:])
        assert (panoptic % 1000).max() <= model.num_classes


@pytest.fixture
def test_dev_root(tmp_path):
    """What a user has of test-dev: images, and their names with the categories."""
    meta = CocoPanopticDataset.METAINFO
    categories = [
        dict(id=2 * label + 1, name=name, isthing=int(name in meta['thing_classes']))
        for label, name in enumerate(meta['classes'])
    ]
    images = [dict(id=7, file_name='000000000007.jpg', height=48, width=64)]
    content = dict(images=images, categories=categories)
    for folder in 'annotations', 'test2017':
        (tmp_path / folder).mkdir()
    path = tmp_path / 'annotations' / 'panoptic_image_info_test-dev2017.json'
    path.write_text(json.dumps(content))
    image = np.zeros((48, 64, 3), dtype=np.uint8)
    assert cv2.imwrite(str(tmp_path / 'test2017' / '000000000007.jpg'), image)
    return tmp_path


def test_the_test_dev_recipe_writes_what_the_server_wants(test_dev_root):
    cfg = load(CONFIGS / 'upernet' / 'upernet_swin-l_270k_coco-test-dev.py')
    merge_options(cfg, {'data_root': f'{test_dev_root}/'})
    assert cfg.test_evaluator == []
    name = 'panoptic_test-dev2017_pisr_results'
    out_file = test_dev_root / f'{name}.zip'
    prepare_submission(
        cfg, format_name='coco-test-dev', out_file=str(out_file), checkpoint='a.pth'
    )
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    writer = METRICS.build(cfg.test_evaluator)
    writer.dataset_meta = dataset.metainfo
    sample = dataset[0]['data_samples']
    panoptic = torch.full((1, *sample.ori_shape), 132)  # the last stuff class
    panoptic[:, :20] = 2 + 1000  # a thing
    sample.pred_panoptic_seg = PixelData(sem_seg=panoptic)

    writer.process({}, [sample.to_dict()])
    writer.evaluate(size=1)

    with zipfile.ZipFile(out_file) as archive:
        (entry,) = json.loads(archive.read(f'{name}.json'))['annotations']
        png = archive.read(f'{name}/000000000007.png')
    assert sample.img_shape == (800, 1067)
    assert entry['image_id'] == 7
    assert {s['category_id'] for s in entry['segments_info']} == {5, 265}
    assert decode_segment_ids(png).shape == (48, 64)
