import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from generate_scenes import generate_scenes

SUPPORT = Path(__file__).parents[1] / 'support'
TOY = str(SUPPORT / 'toy_config.py')
TIME = re.compile(r'^\d\d/\d\d \d\d:\d\d:\d\d - ')
IN_LOG_FILE = 'System environment:', 'Config:', 'Hooks will be', 'paramwise_options'


@pytest.fixture
def call(repo, tmp_path):
    """Run a tool of the repository from an unrelated directory."""
    paths = f'{SUPPORT}{os.pathsep}{repo}'
    env = dict(os.environ, PYTHONPATH=paths, PYTHON=sys.executable, OMP_NUM_THREADS='1')

    def run(tool: str, *args: str, **more: str) -> subprocess.CompletedProcess:
        starter = 'bash' if tool.endswith('.sh') else sys.executable
        return subprocess.run(
            [starter, str(repo / 'tools' / tool), *args],
            env=env | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.slow
def test_the_tools_train_and_test_from_any_directory(call, tmp_path):
    trained = call('train.py', TOY)
    assert trained.returncode == 0, trained.stderr[-2000:]

    tested = call('test.py', TOY, 'work_dirs/toy_config/iter_2.pth')

    assert tested.returncode == 0, tested.stderr[-2000:]
    assert 'mean: 2.4' in tested.stdout + tested.stderr
    assert (tmp_path / 'work_dirs/toy_config/toy_config.full.py').exists()


@pytest.mark.slow
def test_an_untrusted_checkpoint_stops_a_test_with_the_flag_that_allows_it(
    call, tmp_path
):
    state = dict(weight=torch.zeros(1))
    torch.save(dict(state_dict=state, extra=subprocess.Popen), tmp_path / 'odd.pth')

    refused = call('test.py', TOY, 'odd.pth')

    assert refused.returncode != 0
    assert refused.stderr.rstrip().splitlines()[-1].startswith('ValueError: odd.pth')
    assert '--trust-checkpoint' in refused.stderr
    assert call('test.py', TOY, 'odd.pth', '--trust-checkpoint').returncode == 0


@pytest.mark.slow
def test_two_processes_train_together_without_a_gpu(call, tmp_path):
    done = call('dist_train.sh', TOY, '2', '--work-dir', 'both', PORT='29741')

    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / 'both' / 'iter_2.pth').exists()
    tested = call('dist_test.sh', TOY, 'both/iter_2.pth', '2', PORT='29742')
    assert tested.returncode == 0, tested.stderr[-2000:]
    assert 'mean: 2.4' in tested.stdout + tested.stderr


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason='this is about CPUs')
def test_a_process_has_left_its_group_when_it_ends(call, tmp_path):
    (tmp_path / 'both.py').write_text(
        'import atexit, sys, torch\n'
        'from mmpisr.apis import launch\n'
        'joined = torch.distributed.is_initialized\n'
        'atexit.register(lambda: print("at the end:", joined()))\n'
        'launch.train(sys.argv[1:])\n'
        'print("trained:", joined())\n'
    )
    group = dict(RANK='0', WORLD_SIZE='1', MASTER_ADDR='127.0.0.1', MASTER_PORT='29745')

    done = call(str(tmp_path / 'both.py'), TOY, '--launcher', 'pytorch', **group)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-2:] == ['trained: True', 'at the end: False']


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason='this is about CPUs')
@pytest.mark.parametrize(
    ('family', 'port'), [('panoptic-fpn', '29743'), ('maskformer', '29744')]
)
def test_two_processes_train_and_validate_a_host_with_synchronised_norms(
    call, repo, tmp_path, family, port
):
    generate_scenes(tmp_path, num_train=4, num_val=2, size=(64, 96), workers=1)
    config = repo / f'configs/pisr/pisr_{family}_r18_1200-iter_scenes.py'

    done = call(
        *('dist_train.sh', str(config), '2', '--work-dir', 'both'),
        *('--cfg-options', f'data_root={tmp_path}'),
        *('train_cfg.max_iters=2', 'train_cfg.val_interval=2', 'sync_bn=torch'),
        'train_dataloader.batch_size=2',
        PORT=port,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert 'coco_panoptic/PQ' in done.stdout + done.stderr
    assert (tmp_path / 'both' / 'iter_2.pth').exists()


def messages(done: subprocess.CompletedProcess) -> list[str]:
    """Lines that a process printed, without times; tables of results are left out."""
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (done.stdout + done.stderr).splitlines()
    return [TIME.sub('', line) for line in lines if not line.startswith(('+', '|'))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ('tool', 'family', 'processes'),
    [
        ('train.py', 'panoptic-deeplab', []),
        ('train.py', 'mask2former', []),
        ('dist_train.sh', 'panoptic-fpn', ['2']),
    ],
)
def test_the_console_is_short_and_repeats_no_line_and_the_log_file_is_complete(
    call, repo, tmp_path, tool, family, processes
):
    generate_scenes(tmp_path, num_train=4, num_val=2, size=(64, 96), workers=1)
    config = str(repo / f'configs/pisr/pisr_{family}_r18_1200-iter_scenes.py')
    place = ['--work-dir', 'out', '--cfg-options', f'data_root={tmp_path}']
    short = ['train_cfg.max_iters=2', 'default_hooks.logger.interval=1']

    trained = call(tool, config, *processes, *place, *short, PORT='29751')

    printed = messages(trained)
    before = next(i for i, line in enumerate(printed) if 'Iter(train) [1/2]' in line)
    assert before < 60
    assert [line for line, times in Counter(printed).items() if times > 1] == []
    (log,) = (tmp_path / 'out').glob('*/*.log')
    assert any(str(log) in line for line in printed)
    assert [part for part in IN_LOG_FILE if part not in log.read_text()] == []

    tested = messages(call('test.py', config, 'out/iter_2.pth', *place))

    assert len(tested) < 60
    assert len({*tested}) == len(tested)


@pytest.mark.slow
def test_mim_takes_the_training_tool_for_one_of_the_second_generation(call):
    done = call('train.py', '--help')

    assert done.returncode == 0
    assert '--gpus' not in done.stdout  # mim would pass --gpus or --device


def test_slurm_gets_the_config_the_folder_and_the_flags(call, tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)

    done = call(
        *('slurm_train.sh', 'part', 'job', 'c.py', 'my dir', '--amp'),
        PATH=f'{tmp_path}{os.pathsep}{os.environ["PATH"]}',
        GPUS='4',
        SRUN_ARGS='--mem=4G --time=1',
    )

    words = done.stdout.splitlines()
    assert {'--ntasks=4', '--mem=4G', '--time=1'} <= set(words)
    assert words[-6:] == [
        'c.py',
        '--work-dir',
        'my dir',
        '--launcher',
        'slurm',
        '--amp',
    ]
