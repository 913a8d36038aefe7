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
from mmengine.config import Config

PACKAGE = Path(__file__).parent / 'support' / 'downstream'
MMDET_TRAIN = Path(find_spec('mmdet').origin).parent / '.mim' / 'tools' / 'train.py'
TRAIN = {
    'mim': ['-m', 'mim', 'train', 'mmpisr'],
    "mmdet's own tool": [str(MMDET_TRAIN)],
}
IN_PYTHON_STYLE = """
from mmengine.config import read_base
from roads.hooks import Diary

with read_base():
    from .whole import *

default_hooks.update(diary=dict(type=Diary))
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """Folder with the package and, where the base config looks, a few scenes."""
    project = tmp_path / 'project'
    shutil.copytree(PACKAGE, project)
    data = project / 'data' / 'scenes'
    generate_scenes(data, num_train=4, num_val=2, size=(64, 96), workers=1)
    return project


def run(project: Path, *words: str) -> str:
    """Run Python in the project, and return what it printed."""
    path = f'{project}{os.pathsep}{os.environ.get("PYTHONPATH", "")}'
    done = subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def check_training(project: Path, tool: str, config: str) -> None:
    """Train two iterations, and compare what the project's hook wrote down."""
    options = ['--work-dir', 'out', '--cfg-options', 'train_cfg.max_iters=2']
    printed = run(project, *TRAIN[tool], config, *options)

    assert json.loads((project / 'out' / 'diary.json').read_text()) == dict(
        images=8, relation='PISR', num_instances=5, lr=0.004
    )
    state = torch.load(project / 'out' / 'iter_2.pth', weights_only=False)['state_dict']
    assert any('relation.' in name for name in state)
    assert 'coco_panoptic/PQ' in printed
    assert tool != 'mim' or len(printed.splitlines()) < 60


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
    check_training(project, tool, f'configs/roads_{family}.py')


@pytest.mark.slow
@pytest.mark.parametrize('tool', [*TRAIN])
def test_a_config_in_python_style_gets_a_relation_and_is_trained(tool, project, repo):
    scenes = 'panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
    text = Config.fromfile(repo / 'configs' / scenes).pretty_text
    name = "'mmpisr.PanopticDeepLab'"
    assert name in text
    (project / 'configs/whole.py').write_text(
        'from mmpisr.models.panoptic_deeplab import PanopticDeepLab\n'
        + text.replace(name, 'PanopticDeepLab')
    )
    (project / 'configs/roads_python.py').write_text(IN_PYTHON_STYLE)
    words = ['configs/roads_python.py', '--num-instances', '5', '-o', 'configs/more.py']

    printed = run(project, '-m', 'mmpisr', 'add-relation', *words)

    assert 'from .roads_python import *' in printed
    check_training(project, tool, 'configs/more.py')
