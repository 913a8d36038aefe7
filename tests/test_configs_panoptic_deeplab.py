"""Every Panoptic-DeepLab config, base or with a relation, at a small size."""

from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, TRANSFORMS, init_default_scope
from mmengine.structures import PixelData

from mmpisr.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PATHS = [
    *sorted(CONFIGS.glob('panoptic_deeplab/*.py')),
    *sorted(CONFIGS.glob('pisr/*panoptic-deeplab*.py')),
]
PARAMS = [
    pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if 'hrnet' in p.stem else [])
    for p in PATHS
]
SIZE = (64, 96)


@pytest.fixture(params=PARAMS)
def cfg(request, tmp_path, monkeypatch):
    """A parsed config, from a directory that has nothing to do with it."""
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(request.param)
    drop_pretrained(cfg.model)
    init_default_scope(cfg.default_scope)
    return cfg


def drop_pretrained(cfg):
    """Leave out every checkpoint that a model's config asks for."""
    if not isinstance(cfg, dict):
        return
    cfg.pop('pretrained', None)
    if (cfg.get('init_cfg') or {}).get('type') == 'Pretrained':
        cfg['init_cfg'] = None
    for part in cfg.values():
        drop_pretrained(part)


def make_batch(num_classes):
    """Two random images, of which one is smaller and has two things."""
    sizes = [SIZE, (SIZE[0] - 8, SIZE[1] - 16)]
    return dict(
        inputs=[torch.randint(256, (3, *s), dtype=torch.uint8) for s in sizes],
        data_samples=[make_sample(s, num_classes) for s in sizes],
    )


def make_sample(size, num_classes):
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
    labels = torch.randint(num_classes, (1, *size))
    sample.gt_sem_seg = PixelData(sem_seg=labels)
    sample.gt_panoptic_deeplab = PixelData(
        semantic_weights=torch.ones(1, *size),
        center=torch.rand(1, *size),
        center_weights=torch.ones(1, *size),
        offset=torch.randn(2, *size),
        offset_weights=(labels == 0).float(),
    )
    return sample


def test_a_config_trains_one_step_and_predicts(cfg):
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    batch = make_batch(model.panoptic_head.num_classes)

    logs = model.train().train_step(batch, optim_wrapper)
    (sample, _) = model.eval().test_step(batch)

    assert all(value.isfinite() for value in logs.values())
    panoptic = sample.pred_panoptic_seg.sem_seg
    assert panoptic.shape == (1, *SIZE)
    assert (panoptic % 1000).max() <= model.panoptic_head.num_classes


def test_pipelines_and_schedule_of_a_config_build(cfg):
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
    model = torch.nn.Linear(1, 1)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    for scheduler in cfg.param_scheduler:
        PARAM_SCHEDULERS.build(scheduler, default_args=dict(optimizer=optimizer))

    ends = [scheduler.end for scheduler in cfg.param_scheduler]
    assert max(ends) == cfg.train_cfg.max_iters
    assert not cfg.log_processor.by_epoch
    assert not cfg.default_hooks.checkpoint.by_epoch
