import datetime
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.runner import CheckpointLoader

from mmpisr.engine.checkpoint import (
    check_loadable,
    checkpoint_trust,
    named_function,
)

FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def malicious(tmp_path):
    """Return a checkpoint and the file that appears if its payload runs."""
    path, evidence = tmp_path / 'malicious.pth', tmp_path / 'evidence'
    torch.save(dict(state_dict={}, payload=Payload(evidence)), path)
    return path, evidence


def load(path: Path) -> dict:
    return CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


def test_a_checkpoint_with_a_payload_is_refused_and_the_payload_does_not_run(malicious):
    path, evidence = malicious

    with checkpoint_trust(), pytest.raises(ValueError, match='--trust-checkpoint') as e:
        load(path)

    assert str(path) in str(e.value)
    assert not evidence.exists()


def test_a_checkpoint_with_a_payload_loads_when_the_user_trusts_it(malicious):
    path, evidence = malicious

    with checkpoint_trust(trusted=True):
        load(path)

    assert evidence.exists()


def test_an_explicit_full_unpickling_is_refused_too(malicious):
    path, evidence = malicious

    with checkpoint_trust(), pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=False)

    assert not evidence.exists()


def test_what_mmengine_writes_beside_the_weights_loads_without_trust(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    scalars = [np.float32(0.5), np.int64(3), np.bool_(True)]
    torch.save(dict(history=history, scalars=scalars), tmp_path / 'own.pth')

    with checkpoint_trust():
        loaded = load(tmp_path / 'own.pth')

    assert loaded['history'].mean() == 1.5
    assert loaded['scalars'] == scalars


def test_a_checkpoint_loads_after_values_were_checked_in_the_same_block(tmp_path):
    torch.save(dict(scalar=np.float32(0.5)), tmp_path / 'own.pth')

    with checkpoint_trust():
        check_loadable('metainfo', dict(scalar=np.float32(0.5)))
        assert load(tmp_path / 'own.pth')['scalar'] == 0.5


def test_the_config_text_that_resume_would_run_is_dropped_without_trust(tmp_path):
    torch.save(dict(meta=dict(config='raise SystemExit', iter=1)), tmp_path / 'c.pth')

    with checkpoint_trust():
        assert load(tmp_path / 'c.pth')['meta'] == dict(iter=1)
    with checkpoint_trust(trusted=True):
        assert 'config' in load(tmp_path / 'c.pth')['meta']


def test_the_state_of_every_scheduler_loads_without_trust(tmp_path):
    needs = dict(
        OneCycleLR=dict(eta_max=0.1, total_steps=9),
        CosineAnnealingLR=dict(T_max=3),
        ExponentialLR=dict(gamma=0.9),
        MultiStepLR=dict(milestones=[1]),
        StepLR=dict(step_size=1),
        CosineRestartLR=dict(periods=[2, 2], restart_weights=[1, 0.5], eta_min=0),
        ReduceOnPlateauLR=dict(monitor='PQ'),
    )
    for kind in {*needs, 'ConstantLR', 'LinearLR', 'PolyLR'}:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1)
        build = PARAM_SCHEDULERS.get(kind)
        state = build(OptimWrapper(optimizer), **needs.get(kind, {})).state_dict()
        torch.save(dict(param_schedulers=[state]), tmp_path / 'own.pth')

        with checkpoint_trust():
            loaded = load(tmp_path / 'own.pth')['param_schedulers'][0]

        assert loaded.keys() == state.keys()
        assert loaded.get('anneal_func') is state.get('anneal_func')


def test_what_metainfo_may_bring_loads_as_plain_values(tmp_path):
    meta = dict(
        names=np.array(['car', 'road']),
        name=np.str_('car'),
        colours=ConfigDict(car=ConfigDict(rgb=[1, 2, 3])),
        folder=Path('a/b'),
        date=datetime.date(2026, 1, 2),
        ids={1, 2},
    )
    torch.save(dict(meta=meta), tmp_path / 'own.pth')

    with checkpoint_trust():
        loaded = load(tmp_path / 'own.pth')['meta']

    assert loaded['colours'] == dict(car=dict(rgb=[1, 2, 3]))
    assert loaded['folder'] == os.path.join('a', 'b')
    assert loaded['names'].tolist() == ['car', 'road']
    assert [loaded[key] for key in ('name', 'date', 'ids')] == [
        meta[key] for key in ('name', 'date', 'ids')
    ]


def test_the_best_checkpoint_of_a_moved_work_dir_is_the_one_beside_it(tmp_path):
    (tmp_path / 'best_PQ_iter_2.pth').touch()
    info = dict(best_ckpt='/old/best_PQ_iter_2.pth', last_ckpt='/old/x.pth', iter=4)
    hub = dict(runtime_info=info)
    torch.save(dict(message_hub=hub), tmp_path / 'iter_4.pth')

    with checkpoint_trust():
        loaded = load(tmp_path / 'iter_4.pth')['message_hub']['runtime_info']

    best = str(tmp_path / 'best_PQ_iter_2.pth')
    assert loaded == dict(info, best_ckpt=best)


def test_what_a_refused_checkpoint_needs_is_named(malicious):
    with checkpoint_trust(), pytest.raises(ValueError, match=r'any code \(\w*.*Path'):
        load(malicious[0])


def test_a_history_may_name_its_statistics_and_nothing_else():
    assert named_function(HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner, name in (HistoryBuffer, '__init__'), (os, 'system'), (str, 'join'):
        with pytest.raises(pickle.UnpicklingError, match='GLOBAL getattr'):
            named_function(owner, name)


def test_a_missing_checkpoint_is_named(tmp_path):
    with checkpoint_trust(), pytest.raises(FileNotFoundError, match='none.pth'):
        load(tmp_path / 'none.pth')


def test_environment_loaders_and_safe_globals_are_as_before_after_the_block(
    monkeypatch,
):
    monkeypatch.setenv(FORCE, '0')
    schemes = CheckpointLoader._schemes
    marked = torch.serialization.get_safe_globals()

    with checkpoint_trust():
        assert os.environ[FORCE] == '1'
    assert os.environ[FORCE] == '0'
    assert CheckpointLoader._schemes is schemes
    assert set(torch.serialization.get_safe_globals()) == set(marked)
