"""The page's six commands, run as they stand there on six tiny pictures."""

import re
import runpy
import shlex
import sys
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

OPTIONS = ' --cfg-options train_cfg.max_iters=2'


@contextmanager
def suppress_success():
    """Let a tool end with exit code 0; any other one is an error."""
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise


@pytest.fixture
def commands(repo):
    """The commands, with the options that the page gives for a first try."""
    page = (repo / 'docs/datasets.md').read_text()
    section = page[page.index('\n## Your own data') :]
    block = re.search(r'```bash\n(.*?)```', section, re.DOTALL)[1]
    assert OPTIONS.strip() in section.replace('--cfg-options\n', '--cfg-options ')
    lines = block.replace('\\\n', ' ').strip().splitlines()
    return [
        shlex.split(line.replace('iter_1200.pth', 'iter_2.pth'))
        + (shlex.split(OPTIONS) if 'tools/train.py' in line else [])
        for line in lines
    ]


@pytest.fixture
def photos(tmp_path):
    """Four and two pictures of a car on a road, each elsewhere."""
    rng = np.random.default_rng(0)
    for i in range(6):
        folder = tmp_path / 'photos' / ('train' if i < 4 else 'val')
        label, x = np.zeros((48, 64), np.uint8), 4 + 8 * i
        label[10:30, x : x + 16] = 4
        image = label[..., None] * 40 + rng.integers(0, 60, (48, 64, 3))
        for name, content in (
            *(('images', image.astype(np.uint8)), ('labels', label)),
            ('instances', (label > 0).astype(np.uint8)),
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / name / f'{i}.png'), content)
    (tmp_path / 'photos/classes.csv').write_text(
        'id,name,isthing\n0,road,no\n4,car,yes\n'
    )
    return tmp_path


@pytest.mark.slow
def test_the_six_commands_train_test_and_draw_a_model(
    commands, photos, repo, monkeypatch
):
    monkeypatch.chdir(photos)
    assert len(commands) == 6

    for _, tool, *args in commands:
        monkeypatch.setattr(sys, 'argv', [tool, *args])
        with suppress_success():
            runpy.run_path(str(repo / tool), run_name='__main__')

    drawn = {path.name for path in photos.glob('work_dirs/pisr_*/*/drawn/**/*.*')}
    assert {name.partition('.')[0] for name in drawn} == {'4', '5'}
