import sys
import time
from pathlib import Path

import pytest

from mmpisr.processes.child_process import ChildProcess


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
