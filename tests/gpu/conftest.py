"""The tests of this folder need a GPU; every one is skipped without."""

import os
from collections.abc import Iterator

import pytest
import torch
from tiny_hosts import NEW

# cuBLAS reads it once; without it a product is not deterministic
os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')


@pytest.fixture(scope='session', autouse=True)
def device() -> torch.device:
    """The GPU."""
    if not torch.cuda.is_available():
        pytest.skip('there is no CUDA device')
    return torch.device('cuda')


@pytest.fixture(autouse=True)
def no_tf32() -> Iterator[None]:
    """Compute float32 products and convolutions in float32, as CPUs do."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = False
    yield
    for backend, allowed in zip(backends, before, strict=True):
        backend.allow_tf32 = allowed


@pytest.fixture
def deterministic() -> Iterator[None]:
    """Warn of operations that have no deterministic implementation."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(params=sorted(NEW))
def family(request: pytest.FixtureRequest) -> str:
    """Every family of hosts."""
    return request.param
