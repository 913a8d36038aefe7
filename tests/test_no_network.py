"""Neither an import nor a test asks another machine for anything."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import no_network
import pytest


def test_no_module_uses_the_network_when_it_is_imported(repo):
    files = sorted((repo / 'mmpisr').rglob('*.py'))
    modules = [
        '.'.join(file.relative_to(repo).with_suffix('').parts).removesuffix('.__init__')
        for file in files
        if file.name != '__main__.py'
    ]
    assert len(modules) > 100

    done = subprocess.run(
        [sys.executable, no_network.__file__, *modules],
        env=dict(os.environ, PYTHONPATH=str(repo)),
        cwd=Path(no_network.__file__).parent,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_a_test_that_used_the_network_would_fail():
    with pytest.raises(no_network.NetworkUsedError, match='example.org'):
        socket.create_connection(('example.org', 80), timeout=5)
    with socket.socket() as client, pytest.raises(no_network.NetworkUsedError):
        client.connect(('192.0.2.1', 80))
