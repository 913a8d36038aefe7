"""A base model and one with PISR, untrained, and three scenes to try them on."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from tiny_explained import BASE, HOST
from tiny_hosts import build

from mmpisr.datasets.scenes import generate_scenes
from mmpisr.explanations.loaded_model import LoadedModel


@pytest.fixture(scope='session')
def scenes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('scenes')
    generate_scenes(folder, num_train=1, num_val=3, size=(64, 96), workers=1)
    return folder


@pytest.fixture(scope='session')
def checkpoints(tmp_path_factory) -> dict[Path, Path]:
    """By config; random weights."""
    folder = tmp_path_factory.mktemp('checkpoints')
    paths = {}
    for config, host in ((BASE, False), (HOST, True)):
        model = build('panoptic-deeplab', host=host)
        paths[config] = folder / f'{config.stem}.pth'
        torch.save(dict(state_dict=model.state_dict()), paths[config])
    return paths


@pytest.fixture(scope='session')
def load(scenes, checkpoints):
    """Load the one or the other."""

    def load(config: Path = HOST, **options) -> LoadedModel:
        options = {'data_root': f'{scenes}/', **options}
        return LoadedModel(config, checkpoints[config], options=options)

    yield load
    init_default_scope('mmdet')
