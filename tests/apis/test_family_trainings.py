import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmpisr.apis import family_trainings
from mmpisr.apis.comparison import Evaluation
from mmpisr.apis.family_trainings import Family, train_family, tuning_options
from mmpisr.apis.run_options import load_config

CONFIG = 'panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'


@pytest.fixture
def config(repo) -> Path:
    return repo / 'configs' / CONFIG


def test_fine_tuning_is_short_and_decays_a_lower_rate_to_zero(config):
    cfg = load_config(str(config), options=tuning_options(config, 200))

    assert cfg.train_cfg.max_iters == cfg.param_scheduler[1].end == 200
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.002 / 4)


@pytest.fixture
def calls(monkeypatch):
    """Trainings that only leave a log and a checkpoint; maps differ in one image."""
    calls = []

    def train(models, *, options, **_):
        calls.append(options)
        for index, model in enumerate(models):
            log = model.work_dir / '1' / 'vis_data' / 'scalars.json'
            log.parent.mkdir(parents=True)
            log.write_text(json.dumps({'coco_panoptic/PQ': index, 'step': 4}))
            (model.work_dir / 'last_checkpoint').write_text(f'{model.name}.pth')

    def evaluate(cfg, **_):
        last = 1 if 'PISR' in cfg.model.type else 0
        maps = (SimpleNamespace(sem_seg=torch.tensor(v)) for v in (7, last))
        samples = [SimpleNamespace(pred_panoptic_seg=m) for m in maps]
        assert cfg.load_from == 'base.pth'
        return Evaluation({'PQ': 50.0}, samples, 1, {})

    monkeypatch.setattr(family_trainings, 'train_together', train)
    monkeypatch.setattr(family_trainings, 'evaluate', evaluate)
    return calls


def test_both_models_are_trained_on_from_the_base_and_compared_before(
    config, repo, tmp_path, calls
):
    family = Family('deeplab', config, repo / 'configs/pisr' / f'pisr_{config.name}')

    summary = train_family(
        family, script=tmp_path, out=tmp_path, options={'a': 1}, tuning_iters=2
    )

    curves = {'base': {4: 0}, 'base + PISR': {4: 1}}
    assert summary['curves'] == {'scratch': curves, 'tuned': curves}
    assert summary['warm_start']['images'] == 2
    assert summary['warm_start']['images_that_differ'] == 1
    assert calls[0] == {'a': 1}
    assert calls[1]['load_from'] == 'base.pth'
    assert (tmp_path / 'summary.json').is_file()


def test_without_tuning_there_is_no_warm_start(config, tmp_path, calls):
    family = Family('deeplab', config, config)

    summary = train_family(
        family, script=tmp_path, out=tmp_path, options={}, tuning_iters=0
    )

    assert set(summary) == {'family', 'curves'}
    assert len(calls) == 1
