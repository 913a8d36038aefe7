import os
import subprocess
import sys
from pathlib import Path

import pytest


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def setup_env(repo, tmp_path):
    """Run the set-up with a ``python3`` that makes no environment; no pip can run."""
    log = tmp_path / 'log'
    record = f'[ "$1" = -c ] || {{ echo "$0 $@" >> {log}; exit 1; }}'
    script(tmp_path / 'python3', record)
    base = getattr(sys, '_base_executable', sys.executable)
    in_venv = (
        f'[ "$1" = -m ] && {{ echo "venv $@" >> {log}; exit 0; }}\nexec {base} "$@"'
    )
    script(tmp_path / 'venv' / 'bin' / 'python', in_venv)

    def run() -> tuple[subprocess.CompletedProcess, str]:
        env = dict(os.environ, VENV=str(tmp_path / 'venv'), TORCH_SPEC='')
        env['PYTHON'] = str(tmp_path / 'python3')
        command = ['bash', str(repo / 'tools' / 'setup_env.sh')]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False
        )
        return done, log.read_text() if log.exists() else ''

    return run


def test_nothing_is_installed_through_a_link_to_the_python_of_the_system(setup_env):
    done, calls = setup_env()

    assert 'python3 -m venv --clear' in calls
    assert 'pip install' not in calls
    assert done.returncode == 1


def test_a_step_that_fails_leaves_no_stamp_and_says_how_to_go_on(setup_env, tmp_path):
    done, _ = setup_env()

    assert 'run the same command again to go on here' in done.stdout
    assert not list((tmp_path / 'venv').glob('.done-*'))
