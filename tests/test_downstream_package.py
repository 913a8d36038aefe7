"""A package outside the repository inherits a config of ours and trains with it."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from generate_scenes import generate_scenes

PACKAGE = Path(__file__).parent / 'support' / 'downstream'
MMDET_TRAIN = Path(find_spec('mmdet').origin).parent / '.mim' / 'tools' / 'train.py'
TRAIN = {
    'mim': ['-m', 'mim', 'train', 'mmpisr'],
    "mmdet's own tool": [str(MMDET_TRAIN)],
}


@pytest.fixture
def project(tmp_path) -> Path:
    """Folder with the package and, where the base config looks, a few scenes."""
    project = tmp_path / 'project'
    shutil.copytree(PACKAGE, project)
    data = project / 'data' / 'scenes'
    generate_scenes(data, num_train=4, num_val=2, size=(64, 96), workers=1)
    return project


@pytest.mark.slow
@pytest.mark.parametrize(
    ('tool', 'family'),
    [
        ('mim', 'panoptic-deeplab'),
        ("mmdet's own tool", 'panoptic-deeplab'),
        ("mmdet's own tool", 'panoptic-fpn'),
        ("mmdet's own tool", 'maskformer'),
    ],
)
def test_a_package_outside_trains_what_it_inherits_and_overrides(tool, family, project):
    options = ['--work-dir', 'out', '--cfg-options', 'train_cfg.max_iters=2']
    done = subprocess.run(
        [sys.executable, *TRAIN[tool], f'configs/roads_{family}.py', *options],
        cwd=project,
        env=dict(os.environ, PYTHONPATH=str(project), OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:]
    assert json.loads((project / 'out' / 'diary.json').read_text()) == dict(
        images=8, relation='PISR', num_instances=5, lr=0.004
    )
    state = torch.load(project / 'out' / 'iter_2.pth', weights_only=False)['state_dict']
    assert any('relation.' in name for name in state)
    assert 'coco_panoptic/PQ' in done.stdout
