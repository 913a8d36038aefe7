"""Every MaskFormer and Mask2Former config, base or with a relation."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope

from mmpisr.class_lists import check_class_counts
from mmpisr.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
BASES = [*CONFIGS.glob('maskformer/*.py'), *CONFIGS.glob('mask2former/*.py')]
HOSTS = CONFIGS.glob('pisr/pisr_mask*former_*.py')
THINGS_AND_STUFF = {'scenes': (8, 11), 'ade20k': (100, 50), 'coco': (80, 53)}


def by_name(paths):
    return [pytest.param(path, id=path.stem) for path in sorted(paths)]


def read(path, tmp_path, monkeypatch):
    """A parsed config, from a directory that has nothing to do with it."""
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    return cfg


@pytest.mark.parametrize('path', by_name([*BASES, *HOSTS]))
def test_a_model_builds_for_the_classes_of_its_data(path, tmp_path, monkeypatch):
    cfg = read(path, tmp_path, monkeypatch)
    data = path.stem.split('_')[-1].split('-')[0]

    # Swin reads numbers back, which the meta device does not have
    with torch.device('cpu' if 'swin' in path.stem else 'meta'):
        model = MODELS.build(cfg.model)

    things, stuff = (tuple(map(str, range(n))) for n in THINGS_AND_STUFF[data])
    check_class_counts(model, dict(thing_classes=things, stuff_classes=stuff))
    assert hasattr(model.panoptic_head, 'relation') == path.stem.startswith('pisr_')


@pytest.mark.parametrize('path', by_name(BASES))
def test_a_base_trains_to_the_end_of_its_schedule(path, tmp_path, monkeypatch):
    cfg = read(path, tmp_path, monkeypatch)
    optimizer = build_optim_wrapper(torch.nn.Linear(1, 1), cfg.optim_wrapper)
    given = cfg.param_scheduler
    schedulers = given if isinstance(given, list) else [given]
    for scheduler in schedulers:
        PARAM_SCHEDULERS.build(scheduler, default_args=dict(optimizer=optimizer))

    unit = 'max_epochs' if schedulers[-1].by_epoch else 'max_iters'
    assert schedulers[-1].end == cfg.train_cfg[unit]
    assert cfg.default_hooks.checkpoint.get('by_epoch', True) == (unit == 'max_epochs')
