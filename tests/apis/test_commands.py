import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmpisr.apis.commands import Commands, run_side_by_side

NAP = [sys.executable, '-c', 'import time; time.sleep(60)']
LEAVE_ONE_BEHIND = f'import subprocess; print(subprocess.Popen({NAP}).pid)'
RUN_A_NAP = """
import os, pathlib, signal, sys
from mmpisr.apis.commands import exit_on_sigterm, run_side_by_side
exit_on_sigterm()
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may ignore it
show = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'
log = pathlib.Path(sys.argv[1])
nap = lambda commands: commands.run([sys.executable, '-c', show], log)
run_side_by_side({'nap': nap}, jobs=1)
"""


def has_ended(pid: int) -> bool:
    """Whether a process ends within seconds."""
    stat = Path('/proc', str(pid), 'stat')
    for _ in range(200):
        if not stat.exists() or stat.read_text().split()[2] == 'Z':
            return True
        time.sleep(0.02)
    return False


def test_a_command_keeps_memory_unless_its_caller_says_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv('MALLOC_MMAP_MAX_', '7')
    monkeypatch.delenv('MALLOC_TRIM_THRESHOLD_', raising=False)
    show = 'import os; print(os.environ["MALLOC_MMAP_MAX_"], '
    show += 'os.environ["MALLOC_TRIM_THRESHOLD_"], os.environ["OMP_NUM_THREADS"])'

    Commands(threads=3).run([sys.executable, '-c', show], tmp_path / 'a' / 'log')

    assert (tmp_path / 'a' / 'log').read_text().split() == ['7', str(2**34), '3']


def test_what_a_command_leaves_behind_ends(tmp_path):
    Commands().run([sys.executable, '-c', LEAVE_ONE_BEHIND], tmp_path / 'log')

    assert has_ended(int((tmp_path / 'log').read_text()))


def test_after_a_stop_nothing_is_started(tmp_path):
    commands = Commands()
    commands.stop()

    with pytest.raises(RuntimeError, match='not started'):
        commands.run(NAP, tmp_path / 'log')


def test_a_failing_task_shows_its_log_and_the_others_go_on(tmp_path):
    def task(code, name):
        return lambda c: c.run([sys.executable, '-c', code], tmp_path / name)

    ended = []
    failures = run_side_by_side(
        {'bad': task('exit("out of luck")', 'a'), 'good': task('print(5)', 'b')},
        jobs=1,
        poll_seconds=0.01,
        show=ended.append,
    )

    assert [*failures] == ['bad']
    assert 'exit status 1' in str(failures['bad'])
    assert 'out of luck' in str(failures['bad'])
    assert (tmp_path / 'b').read_text() == '5\n'
    assert ended[-1] == 2


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells a child')
@pytest.mark.parametrize('end', [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_command_ends_with_the_process_that_runs_it(tmp_path, end):
    log = tmp_path / 'log'
    process = subprocess.Popen([sys.executable, '-c', RUN_A_NAP, str(log)])
    while not log.exists() or not log.read_text().endswith('\n'):
        assert process.poll() is None
        time.sleep(0.02)

    os.kill(process.pid, end)

    assert process.wait(20) != 0
    assert has_ended(int(log.read_text()))
