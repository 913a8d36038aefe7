"""Shared fixtures: one thread a worker, no network, real data where it is at hand."""

from pathlib import Path

import no_network
import pytest
import torch
from yapf.yapflib import yapf_api

torch.set_num_threads(1)
no_network.refuse_connections()
REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def repo() -> Path:
    """Root of the checkout."""
    return REPO


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Folder of real samples beside the checkout; the test skips without it."""
    folder = REPO.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'real samples are not at {folder}')
    return folder


@pytest.fixture(autouse=True)
def unformatted_configs(monkeypatch) -> None:
    """Leave the config that a runner logs and dumps as it is: yapf takes seconds."""
    monkeypatch.setattr(yapf_api, 'FormatCode', lambda text, **_: (text, True))


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what tests have counted, workers of pytest-xdist included."""
    for report in terminalreporter.stats.get('passed', []):
        for name, value in getattr(report, 'user_properties', []):
            terminalreporter.write_line(f'{name}: {value}')
