"""The tools from start to end: a model, interruptions, one process and two."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from generate_scenes import generate_scenes
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmpisr.apis import launch
from mmpisr.submissions import SubmissionWriter, validate_submission

CONFIG = 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folder(repo, tmp_path_factory) -> Path:
    """Five scenes, and weights that predict something."""
    folder = tmp_path_factory.mktemp('tools')
    generate_scenes(folder / 'scenes', num_train=1, num_val=5, size=(64, 96), workers=1)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(repo / CONFIG).model)
    for name, weights in model.named_parameters():
        if weights.ndim == 4 and 'backbone' not in name:
            torch.nn.init.kaiming_normal_(weights)  # else one class is everywhere
    torch.save(dict(state_dict=model.state_dict()), folder / 'm.pth')
    return folder


def flags(repo: Path, folder: Path, out: str) -> list[str]:
    """The command's arguments; small stuff is kept, or all would be void."""
    return [
        *(str(repo / CONFIG), str(folder / 'm.pth')),
        *('--submission', 'cityscapes-val', '--out', str(folder / out)),
        *('--work-dir', str(folder / 'work')),
        *('--cfg-options', f'data_root={folder / "scenes"}'),
        *(f'test_dataloader.dataset.{LABELS}', 'test_dataloader.num_workers=1'),
        *('model.test_cfg.stuff_area_limit=1', 'model.test_cfg.threshold=0.0'),
    ]


LABELS = 'metainfo.label_ids=' + str(list(range(7, 26))).replace(' ', '')


@pytest.fixture
def frames(folder):
    """Scenes under names that Cityscapes could have."""
    path = folder / 'scenes/annotations/panoptic_val.json'
    text = path.read_text()
    for number in range(5):
        old, new = f'{number:06}', f'bonn_{number:06}_000019'
        text = text.replace(f'"{old}.png"', f'"{new}.png"')
        for kind in 'images/val', 'annotations/panoptic_val':
            source = folder / 'scenes' / kind / f'{old}.png'
            if source.exists():
                source.rename(source.with_name(f'{new}.png'))
    path.write_text(text)


def archives(folder: Path, stem: str) -> list[bytes]:
    names = f'{stem}.zip', f'{stem}-pixel.zip', f'{stem}-instance.zip'
    return [(folder / name).read_bytes() for name in names]


def test_a_run_that_is_killed_and_repeated_writes_what_two_processes_write(
    repo, folder, frames, monkeypatch
):
    launch.evaluate(flags(repo, folder, 'whole.zip'))
    whole = archives(folder, 'whole')
    for name, count in dict(
        whole='segments', **{'whole-instance': 'instances'}
    ).items():
        assert validate_submission(folder / f'{name}.zip').counts[count] > 5

    process, seen = SubmissionWriter.process, []

    def dying(self, *args):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(process(self, *args))

    with monkeypatch.context() as patch:
        patch.setattr(SubmissionWriter, 'process', dying)
        with pytest.raises(KeyboardInterrupt):
            launch.evaluate(flags(repo, folder, 'part.zip'))
    (folder / 'part.zip.partial' / '.000002-x.json').write_bytes(b'half')

    with monkeypatch.context() as patch:
        seen.clear()
        patch.setattr(
            SubmissionWriter,
            'process',
            lambda self, *args: seen.append(process(self, *args)),
        )
        launch.evaluate(flags(repo, folder, 'part.zip'))
    assert len(seen) == 3
    assert archives(folder, 'part') == whole

    run_tool(repo, 'dist_test.sh', flags(repo, folder, 'both.zip'), processes=2)
    assert archives(folder, 'both') == whole
    done = run_tool(repo, 'validate_submission.py', [str(folder / 'both.zip')])
    assert 'valid' in done.stdout


def run_tool(repo, tool: str, args: list[str], *, processes: int | None = None):
    """Call a tool from an unrelated folder."""
    env = dict(os.environ, PYTHONPATH=str(repo), OMP_NUM_THREADS='1', PORT='29761')
    env['PYTHON'] = sys.executable
    starter = 'bash' if tool.endswith('.sh') else sys.executable
    if processes:
        args = [*args[:2], str(processes), *args[2:]]
    done = subprocess.run(
        [starter, str(repo / 'tools' / tool), *args],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done
