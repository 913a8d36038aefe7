"""A training that is killed at any moment and resumed equals an uninterrupted one.

``MMPISR_KILLS=20 pytest tests/test_kill_and_resume.py`` kills it 20 times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from generate_scenes import generate_scenes

KILLS = int(os.environ.get('MMPISR_KILLS', '2'))
ITERATIONS = max(6, 2 * KILLS)
CONFIG = 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'


@pytest.fixture(scope='module')
def start(repo, tmp_path_factory):
    """Start a training; it goes on from the latest checkpoint in its work dir."""
    data = tmp_path_factory.mktemp('scenes')
    generate_scenes(data, num_train=6, num_val=2)
    options = [
        f'train_cfg.max_iters={ITERATIONS}',
        'train_cfg.val_interval=2',
        'train_dataloader.batch_size=2',
        'train_dataloader.num_workers=2',
        f'train_dataloader.dataset.data_root={data}',
        f'val_dataloader.dataset.data_root={data}',
        f'val_evaluator.ann_file={data}/annotations/panoptic_val.json',
        f'val_evaluator.seg_prefix={data}/annotations/panoptic_val',
        'default_hooks.checkpoint.interval=1',
        'default_hooks.logger.interval=1',
        'randomness.seed=3',
        'randomness.deterministic=True',
    ]
    env = dict(os.environ, PYTHONPATH=str(repo), OMP_NUM_THREADS='1')

    def run(work_dir):
        command = [sys.executable, 'tools/train.py', CONFIG, '--resume', '--work-dir']
        return subprocess.Popen(
            [*command, str(work_dir), '--cfg-options', *options],
            cwd=repo,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # its workers are killed with it
        )

    return run


def iterations(work_dir):
    return {int(path.stem.rpartition('_')[2]) for path in work_dir.glob('iter_*.pth')}


def kill_later(process, work_dir, at_least, generator):
    """Kill a training at a random moment after it has saved a new checkpoint."""
    while process.poll() is None and max(iterations(work_dir), default=0) < at_least:
        time.sleep(0.05)
    time.sleep(generator.uniform(0, 1.5))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def finish(process):
    error = process.communicate()[1]
    assert process.returncode == 0, error.decode()[-2000:]


def logged_losses(work_dir):
    """Every loss that any of the runs has logged, by iteration."""
    found = {}
    for path in work_dir.glob('*/vis_data/scalars.json'):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if 'loss' in entry:
                found.setdefault(entry['step'], set()).add(entry['loss'])
    return found


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.mark.slow
def test_a_killed_and_resumed_training_equals_an_uninterrupted_one(start, tmp_path):
    finish(start(tmp_path / 'whole'))
    generator = random.Random(0)

    for kill in range(KILLS):
        process = start(tmp_path / 'killed')
        kill_later(process, tmp_path / 'killed', 1 + kill * 2, generator)
    finish(start(tmp_path / 'killed'))

    last = f'iter_{ITERATIONS}.pth'
    whole, killed = (
        torch.load(tmp_path / folder / last, weights_only=False)
        for folder in ('whole', 'killed')
    )
    for part in 'state_dict', 'optimizer', 'param_schedulers', 'random_state':
        assert equal(whole[part], killed[part]), part
    whole, killed = (logged_losses(tmp_path / name) for name in ('whole', 'killed'))
    assert whole.keys() == killed.keys() == {*range(1, ITERATIONS + 1)}
    assert whole == killed
