from pathlib import Path

import pytest

from mmpisr.apis.family_trainings import tuning_options
from mmpisr.apis.run_options import load_config

CONFIG = 'panoptic_deeplab/panoptic-deeplab_r18_600-iter_scenes.py'


@pytest.fixture
def config(repo) -> Path:
    return repo / 'configs' / CONFIG


def test_fine_tuning_is_short_and_decays_a_lower_rate_to_zero(config):
    cfg = load_config(str(config), options=tuning_options(config, 200))

    assert cfg.train_cfg.max_iters == cfg.param_scheduler[1].end == 200
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.002 / 4)
