"""A tiny embedded dataset, and a json that tests may spoil."""

import json
from pathlib import Path

import pytest
from generate_scenes import generate_scenes


@pytest.fixture(scope='session')
def scenes_root(tmp_path_factory) -> Path:
    """Six training and two validation scenes, 64 x 96."""
    root = tmp_path_factory.mktemp('scenes')
    generate_scenes(root, num_train=6, num_val=2, size=(64, 96), workers=1)
    return root


@pytest.fixture
def scenes_json(scenes_root) -> dict:
    """Content of the training json, a fresh copy."""
    return json.loads((scenes_root / 'annotations/panoptic_train.json').read_text())
