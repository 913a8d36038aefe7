import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from mmpisr.studies.child_process import ChildProcess
from mmpisr.studies.data_digest import data_digest
from mmpisr.studies.model_cost import input_shape
from mmpisr.studies.progress import clock
from mmpisr.studies.provenance import code_version, machine
from mmpisr.studies.study_run import read_metrics
from mmpisr.studies.training_log import training_time


def wait(child):
    while child.poll() is None:
        pass
    return child


def test_a_childs_peak_memory_is_its_own(tmp_path):
    nap = 'import time; time.sleep(0.3)'
    allocate = f'x = bytearray(b"1") * (64 << 20); {nap}'
    small, large = (
        wait(
            ChildProcess(
                [sys.executable, '-c', code], log=tmp_path / 'a' / 'log', threads=1
            )
        )
        for code in (nap, allocate)
    )

    assert small.poll() == large.poll() == 0
    assert 40 < large.peak_memory_mib - small.peak_memory_mib < 90


def test_a_child_keeps_memory_unless_its_caller_says_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv('MALLOC_MMAP_MAX_', '7')
    monkeypatch.delenv('MALLOC_TRIM_THRESHOLD_', raising=False)
    show = 'import os; print(os.environ["MALLOC_MMAP_MAX_"], '
    show += 'os.environ["MALLOC_TRIM_THRESHOLD_"], os.environ["OMP_NUM_THREADS"])'

    command = [sys.executable, '-c', show]
    wait(ChildProcess(command, log=tmp_path / 'log', threads=3))

    assert (tmp_path / 'log').read_text().split() == ['7', str(2**34), '3']


def test_a_stopped_child_has_ended(tmp_path):
    sleep = [sys.executable, '-c', 'import time; time.sleep(60)']
    child = ChildProcess(sleep, log=tmp_path / 'log', threads=1)

    child.stop()

    assert child.poll() == -15


def test_what_a_child_leaves_behind_ends(tmp_path):
    nap = [sys.executable, '-c', 'import time; time.sleep(60)']
    code = f'import subprocess; print(subprocess.Popen({nap}).pid)'
    child = ChildProcess([sys.executable, '-c', code], log=tmp_path / 'log', threads=1)

    assert wait(child).poll() == 0

    left = Path('/proc', (tmp_path / 'log').read_text().strip(), 'stat')
    for _ in range(200):
        if not left.exists() or left.read_text().split()[2] == 'Z':
            return
        time.sleep(0.02)
    pytest.fail('what it has started still runs')


def test_iterations_that_are_trained_twice_count_once(tmp_path):
    for name, lines in (
        ('1', [(10, 2.0), (20, 4.0)]),
        ('2', [(20, 1.0), (30, 3.0)]),
    ):
        log = tmp_path / name / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        text = [json.dumps(dict(iter=i, time=t)) for i, t in lines]
        log.write_text('\n'.join([*text, '{"coco_panoptic/PQ": 1, "step": 20}', '{"']))

    time = training_time(tmp_path)

    assert time.seconds == 10 * 2.0 + 10 * 1.0 + 10 * 3.0
    assert time.seconds_per_iteration == 2.0
    assert time.attempts == 2


def test_the_digest_depends_on_content_not_on_place(tmp_path):
    def digest(name, size=3, text='{}'):
        root = tmp_path / name
        (root / 'seg').mkdir(parents=True)
        (root / 'seg' / '1.png').write_bytes(b'x' * size)
        (root / 'a.json').write_text(text)
        dataset = dict(data_root=root, ann_file='a.json', data_prefix=dict(seg='seg'))
        loaders = dict(
            train_dataloader=dict(dataset=dict(dataset=dataset)),
            val_dataloader=dict(dataset=dataset),
        )
        return data_digest(loaders)

    assert digest('a') == digest('b')
    assert len({digest('c'), digest('d', size=4), digest('e', text='[]')}) == 3


def test_the_input_is_padded_to_the_preprocessors_unit(tmp_path):
    (tmp_path / 'a.json').write_text('{"images": [{"height": 180, "width": 240}]}')
    dataset = dict(data_root=str(tmp_path), ann_file='a.json')
    cfg = Config(
        dict(
            val_dataloader=dict(dataset=dataset),
            model=dict(data_preprocessor=dict(pad_size_divisor=16)),
        )
    )

    assert input_shape(cfg) == (192, 240)


def test_a_machine_has_a_size():
    found = machine()

    assert found['cores'] >= 1
    assert found['memory_gib'] >= 1
    assert not found['cpu'] or 'model' in found['cpu']


def test_outside_git_there_is_no_commit(tmp_path):
    assert code_version(tmp_path) == dict(commit=None, dirty=None)


def test_a_changed_file_makes_the_code_dirty_and_a_recorded_run_does_not(tmp_path):
    git = ['git', '-c', 'user.name=a', '-c', 'user.email=a', '-C', str(tmp_path)]
    package, records = tmp_path / 'package', tmp_path / 'docs' / 'results'
    for folder in (package, records):
        folder.mkdir(parents=True)
        (folder / 'a').write_text('a')
    for command in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'a']):
        subprocess.run([*git, *command], check=True)

    (records / 'a').write_text('b')
    clean = code_version(package)
    (package / 'a').write_text('b')

    assert len(clean['commit']) == 40
    assert (clean['dirty'], code_version(package)['dirty']) == (False, True)


def test_a_test_without_figures_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ('seconds', 'text'), [(30, '30 s'), (600, '10 min'), (7260, '2 h 01 min')]
)
def test_times_are_readable(seconds, text):
    assert clock(seconds) == text
