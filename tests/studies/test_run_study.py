import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_study
from tiny_study import run

from mmpisr.studies import run_study as module
from mmpisr.studies.records import RunRecords

RUNS = 'base seed0', 'pisr seed0', 'base seed1', 'pisr seed1'


@pytest.fixture(autouse=True)
def own_records(monkeypatch):
    """Put back what ``tiny_study.run`` replaces."""
    monkeypatch.setattr(module, 'run_record', module.run_record)


@pytest.fixture
def out(tmp_path) -> Path:
    folder = tmp_path / 'out'
    folder.mkdir()
    return folder


def calls(out):
    return (out / 'calls').read_text().splitlines()


def recorded(out):
    lines = (out / 'runs.jsonl').read_text().splitlines()
    return [(r['label'], r['seed']) for r in map(json.loads, lines)]


def test_each_run_is_trained_tested_and_recorded_once_in_order(tmp_path, out, capsys):
    assert run(tmp_path, jobs=1, threads=3) == []

    assert calls(out) == [f'{step} {r}' for r in RUNS for step in ('train', 'test')]
    assert recorded(out) == [('base', 0), ('PISR', 0), ('base', 1), ('PISR', 1)]
    records = RunRecords(out / 'runs.jsonl')
    assert records.find('PISR', 1)['metrics'] == {'PQ': 50.0}
    assert records.find('PISR', 1)['threads'] == 3
    assert [p.name for p in (out / 'base/seed0').glob('*.pth')] == ['iter_2.pth']
    assert '4/4 runs' in capsys.readouterr().out

    assert run(tmp_path) == []
    assert len(calls(out)) == 8
    assert len(recorded(out)) == 4


def test_a_failing_run_shows_its_log_and_the_others_go_on(tmp_path, out):
    (out / 'obstacle pisr seed0').write_text('fail')

    failures = run(tmp_path, jobs=2)

    assert [failure.name for failure in failures] == ['PISR, seed 0']
    assert 'train ended with exit status 1' in failures[0].reason
    assert 'out of luck' in failures[0].reason
    assert sorted(recorded(out)) == [('PISR', 1), ('base', 0), ('base', 1)]

    (out / 'obstacle pisr seed0').unlink()
    assert run(tmp_path) == []
    assert calls(out)[-2:] == ['train pisr seed0', 'test pisr seed0']
    assert len(recorded(out)) == 4


def test_killed_in_a_training_it_goes_on_from_there(tmp_path, out):
    (out / 'obstacle pisr seed0').write_text('wait')
    path = Path(tiny_study.__file__)
    study = subprocess.Popen([sys.executable, str(path), str(tmp_path)])
    while not (out / 'waiting').exists():
        assert study.poll() is None
        time.sleep(0.02)
    study.send_signal(signal.SIGKILL)
    study.wait()
    training = int((out / 'waiting').read_text())

    assert recorded(out) == [('base', 0)]
    for _ in range(200):
        if not _runs(training):
            break
        time.sleep(0.02)
    assert not _runs(training), 'the training survived its study'

    (out / 'obstacle pisr seed0').unlink()
    assert run(tmp_path, jobs=1) == []
    assert calls(out).count('train base seed0') == 1
    assert calls(out).count('train pisr seed0') == 2
    assert sorted(set(recorded(out))) == sorted(recorded(out))
    assert len(recorded(out)) == 4


@pytest.mark.parametrize('lost', ['trained', 'tested', 'runs.jsonl'])
def test_what_a_kill_left_undone_is_done_and_nothing_else(tmp_path, out, lost):
    run(tmp_path, jobs=1, only=['base'])
    seed1 = out / 'base' / 'seed1'
    lines = (out / 'runs.jsonl').read_text().splitlines(keepends=True)
    torn = lines[1][: len(lines[1]) // 2]
    (out / 'runs.jsonl').write_text(lines[0] + torn)
    if lost != 'runs.jsonl':
        (seed1 / 'tested.json').unlink()
        (seed1 / 'test' / 't' / 't.json').unlink()
        (seed1 / 'test' / 't').rmdir()
    if lost == 'trained':
        (seed1 / 'trained.json').unlink()
    before = len(calls(out))

    assert run(tmp_path, jobs=1, only=['base']) == []

    again = {'trained': ['train', 'test'], 'tested': ['test'], 'runs.jsonl': []}
    assert calls(out)[before:] == [f'{step} base seed1' for step in again[lost]]
    assert recorded(out) == [('base', 0), ('base', 1)]


def test_a_changed_study_is_refused_with_both_values(tmp_path, out):
    run(tmp_path, study=tiny_study.tiny_study(tmp_path, lr=1), jobs=1, only=['base'])

    changed = tiny_study.tiny_study(tmp_path, lr=2)
    message = r"'base' with seed 0 .*options \{'lr': 1\}, the study now has \{'lr': 2\}"
    with pytest.raises(ValueError, match=message):
        run(tmp_path, study=changed)


def test_an_unknown_label_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"--only \['OCR'\].*\['base', 'PISR'\]"):
        run(tmp_path, only=['OCR'])


def test_a_folder_in_use_is_refused(tmp_path, out):
    with module._locked(out), pytest.raises(ValueError, match='in use by another'):
        run(tmp_path)


def _runs(pid: int) -> bool:
    """Whether a process is alive, and no zombie that nobody waits for."""
    try:
        os.kill(pid, 0)
        return Path(f'/proc/{pid}/stat').read_text().split()[2] != 'Z'
    except (ProcessLookupError, FileNotFoundError):
        return False
