import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
import tiny_study
from tiny_study import records_of, run

from mmpisr.studies import run_study as module
from mmpisr.studies.results import StudyResults
from mmpisr.studies.run_place import RunKey, place_of, run_folders
from mmpisr.studies.study import Variant

STEPS = 'train', 'test'
HOLD = """
import fcntl, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
with open(folder / 'lock', 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print('!', end='', flush=True)
    done = 'runs/pisr-*/seed1/tests/*/tested.json'
    for _ in range(3000):
        if [*folder.parents[2].glob(done)]:
            break
        time.sleep(0.01)
"""
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


def records_file(out):
    return records_of(out.parent).path


def recorded(out):
    """Base or PISR and the seed of each record."""
    lines = map(json.loads, records_file(out).read_text().splitlines())
    return [(r['training'].split('-')[0], r['seed']) for r in lines]


def test_each_run_is_trained_tested_and_recorded_once_in_order(tmp_path, out, capsys):
    assert run(tmp_path, jobs=1, threads=3) == []

    assert calls(out) == [f'{step} {r}' for r in RUNS for step in STEPS]
    assert recorded(out) == [('base', 0), ('pisr', 0), ('base', 1), ('pisr', 1)]
    results = StudyResults(tiny_study.tiny_study(tmp_path), records_of(tmp_path))
    record = results.runs['PISR'][1]
    assert record['metrics'] == {'PQ': 50.0}
    assert results.scores_file('PISR', 1).read_text() == 'scores of seed1'
    assert record['threads'] == 3
    assert [p.name for p in out.glob('runs/base-*/seed0/*.pth')] == ['iter_2.pth']
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
    assert sorted(recorded(out)) == [('base', 0), ('base', 1), ('pisr', 1)]

    (out / 'obstacle pisr seed0').unlink()
    assert run(tmp_path) == []
    assert calls(out)[-2:] == ['train pisr seed0', 'test pisr seed0']
    assert len(recorded(out)) == 4


def test_killed_in_a_training_it_goes_on_from_there(tmp_path, out):
    study = _start_study(tmp_path, out)
    study.send_signal(signal.SIGKILL)
    study.wait()
    training = int((out / 'waiting').read_text())

    assert recorded(out) == [('base', 0)]
    assert _has_ended(training), 'the training survived its study'

    (out / 'obstacle pisr seed0').unlink()
    assert run(tmp_path, jobs=1) == []
    assert calls(out).count('train base seed0') == 1
    assert calls(out).count('train pisr seed0') == 2
    assert sorted(set(recorded(out))) == sorted(recorded(out))
    assert len(recorded(out)) == 4


@pytest.mark.parametrize('end', [signal.SIGTERM, signal.SIGINT])
def test_what_a_training_started_ends_with_the_study(tmp_path, out, end):
    study = _start_study(tmp_path, out)

    study.send_signal(end)
    study.wait()

    for name in ('waiting', 'worker'):
        assert _has_ended(int((out / name).read_text())), name


@pytest.mark.parametrize('lost', ['trained', 'tested', 'runs.jsonl'])
def test_what_a_kill_left_undone_is_done_and_nothing_else(tmp_path, out, lost):
    run(tmp_path, jobs=1, only=['base'])
    [seed1] = out.glob('runs/base-*/seed1')
    lines = records_file(out).read_text().splitlines(keepends=True)
    torn = lines[1][: len(lines[1]) // 2]
    records_file(out).write_text(lines[0] + torn)
    if lost != 'runs.jsonl':
        [test] = seed1.glob('tests/*')
        shutil.rmtree(test)
    if lost == 'trained':
        (seed1 / 'trained.json').unlink()
    before = len(calls(out))

    assert run(tmp_path, jobs=1, only=['base']) == []

    again = {'trained': ['train', 'test'], 'tested': ['test'], 'runs.jsonl': []}
    assert calls(out)[before:] == [f'{step} base seed1' for step in again[lost]]
    assert recorded(out) == [('base', 0), ('base', 1)]


def test_a_changed_variant_is_trained_anew_and_the_old_record_is_not_found(
    tmp_path, out
):
    first = tiny_study.tiny_study(tmp_path, **{'optim_wrapper.lr': 1})
    changed = tiny_study.tiny_study(tmp_path, **{'optim_wrapper.lr': 2})
    for study in (first, changed):
        assert run(tmp_path, study=study, jobs=1, only=['base']) == []

    assert calls(out) == [f'{s} base seed{n}' for n in (0, 1) for s in STEPS] * 2
    assert len(recorded(out)) == 4
    records = records_of(tmp_path)
    assert StudyResults(first, records).missing() == {'PISR': [0, 1]}
    records = StudyResults(changed, records).all_records()
    assert [r['options']['optim_wrapper.lr'] for r in records] == [2, 2]


def test_two_studies_train_what_they_share_once(tmp_path, out):
    study = tiny_study.tiny_study(tmp_path)
    other = study._replace(
        name='other',
        variants=(study.variants[0], study.variants[1]._replace(label='ours')),
        seeds=(1, 2),
        options={'model.slots': 20},  # what the config has
    )

    assert run(tmp_path, study=study, jobs=2) == []
    before = len(calls(out))
    assert run(tmp_path, study=other, jobs=1) == []

    names = 'base seed2', 'pisr seed2'
    assert calls(out)[before:] == [f'{step} {name}' for name in names for step in STEPS]
    assert sorted(recorded(out)) == [(n, s) for n in ('base', 'pisr') for s in range(3)]
    assert StudyResults(other, records_of(tmp_path)).missing() == {}


def test_a_model_tested_otherwise_is_not_trained_again(tmp_path, out):
    config = tmp_path / 'pisr.py'
    more = Variant('at 5', config, {'model.slots': 5}, trained_as='PISR')
    study = tiny_study.tiny_study(tmp_path, more)

    assert run(tmp_path, study=study, jobs=2) == []

    assert sorted(calls(out)).count('train pisr seed0') == 1
    assert sorted(calls(out)).count('test pisr seed0') == 2
    results = StudyResults(study, records_of(tmp_path))
    assert results.values('PISR', 'PQ') == [50, 50]
    assert results.values('at 5', 'PQ') == [5, 5]
    assert 'model.slots' not in results.runs['at 5'][0]['options']
    assert [*run_folders(study, 'at 5', out)] == [0, 1]
    assert run_folders(study, 'at 5', out) == run_folders(study, 'PISR', out)


def warm_study(folder):
    return tiny_study.tiny_study(
        folder, Variant('warm', folder / 'pisr.py', {}, starts_from='base')
    )


def test_a_training_starts_from_the_trained_model_of_its_seed(tmp_path, out):
    study = warm_study(tmp_path)

    assert run(tmp_path, study=study, jobs=2) == []

    folders = {label: run_folders(study, label, out) for label in ('base', 'warm')}
    assert folders['warm'] != run_folders(study, 'PISR', out)
    for seed in (0, 1):
        command = (folders['warm'][seed] / 'command').read_text()
        assert f'load_from={folders["base"][seed] / "iter_2.pth"}' in command
    assert 'load_from' not in (folders['base'][0] / 'command').read_text()
    assert calls(out).count('train base seed0') == 1


def test_what_a_training_starts_from_is_trained_first_and_not_recorded(tmp_path, out):
    assert run(tmp_path, study=warm_study(tmp_path), jobs=2, only=['warm']) == []

    assert sorted(recorded(out)) == [('pisr', 0), ('pisr', 1)]
    for seed in (0, 1):
        names = [f'train base seed{seed}', f'train pisr seed{seed}']
        assert [call for call in calls(out) if call in names] == names
    assert 'test base seed0' not in calls(out)


def test_a_training_whose_start_fails_shows_why(tmp_path, out):
    (out / 'obstacle base seed0').write_text('fail')

    (failure,) = run(tmp_path, study=warm_study(tmp_path), jobs=1, only=['warm'])

    assert failure.name == 'warm, seed 0'
    assert 'out of luck' in failure.reason
    assert recorded(out) == [('pisr', 1)]


def test_a_run_that_another_process_holds_is_looked_at_again(tmp_path, out):
    study = tiny_study.tiny_study(tmp_path)
    folder = place_of(study, study.base, out).folder(0)
    folder.mkdir(parents=True)
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(folder)], stdout=subprocess.PIPE
    )
    assert holder.stdout.read(1) == b'!'

    assert run(tmp_path, study=study, jobs=1) == []

    assert holder.wait() == 0
    assert calls(out)[0] == 'train pisr seed0'
    assert sorted(recorded(out)) == [(n, s) for n in ('base', 'pisr') for s in (0, 1)]


def test_a_training_begun_with_other_data_is_refused_with_both_digests(tmp_path, out):
    (out / 'obstacle base seed0').write_text('fail')
    study = tiny_study.tiny_study(tmp_path)._replace(seeds=(0,))
    run(tmp_path, study=study, jobs=1, only=['base'])
    (tmp_path / 'a.json').write_text('{"images": []}')

    failures = run(tmp_path, study=study, jobs=1, only=['base'])

    assert failures[0].name == 'base, seed 0'
    assert re.search(
        r'run.json: data: .*with \w{16}, .*now \w{16};', failures[0].reason
    )


def test_records_of_other_data_are_refused_with_both_digests(tmp_path, out):
    study = tiny_study.tiny_study(tmp_path)
    assert run(tmp_path, study=study, jobs=1, only=['base']) == []
    (tmp_path / 'a.json').unlink()
    assert run(tmp_path, study=study, jobs=1, only=['base']) == []
    (tmp_path / 'a.json').write_text('{"images": []}')

    message = r'runs\.jsonl: data: base, seed 1 .*with \w{16}, .*now \w{16};'
    with pytest.raises(ValueError, match=message):
        run(tmp_path, study=study, jobs=1)


def test_without_data_nothing_is_started_and_the_file_is_named(tmp_path, out):
    study = tiny_study.tiny_study(tmp_path)
    (tmp_path / 'a.json').unlink()

    with pytest.raises(FileNotFoundError, match=r'a\.json: no such .*docs/datasets'):
        run(tmp_path, study=study)

    assert not [*out.iterdir()]


def test_an_unknown_label_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"--only \['OCR'\].*\['base', 'PISR'\]"):
        run(tmp_path, only=['OCR'])


def test_what_is_recorded_is_not_run_again_without_its_models(tmp_path, out, capsys):
    run(tmp_path, jobs=1)
    shutil.rmtree(out / 'runs')
    capsys.readouterr()

    assert run(tmp_path, jobs=1) == []

    assert capsys.readouterr().out.strip() == 'all 4 runs are recorded'
    assert len(calls(out)) == 8
    assert not (out / 'runs').exists()


def test_again_repeats_recorded_runs_and_tells_other_figures(tmp_path, out):
    run(tmp_path, jobs=1)
    shutil.rmtree(out / 'runs')
    lines = records_file(out).read_text()
    kept = lines.replace('50.0', '49.5', 1)
    records_file(out).write_text(kept)

    (failure,) = run(tmp_path, jobs=1, again=True)

    assert len(calls(out)) == 16
    assert failure.name == 'base, seed 0'
    assert re.search(
        r'runs\.jsonl: base-\w+, seed 0, .*: PQ 49\.5 \(recorded\) 50\.0 \(now\); cpu',
        failure.reason,
    )
    assert records_file(out).read_text() == kept


def test_a_line_that_is_no_record_is_refused(tmp_path, out):
    run(tmp_path, jobs=1)
    with records_file(out).open('a') as file:
        file.write('<<<<<<< HEAD\n')

    with pytest.raises(ValueError, match=r'runs\.jsonl: line 5: .*<<<<<<< HEAD'):
        run(tmp_path)


def test_two_processes_keep_each_others_records(tmp_path, out):
    ours, theirs = records_of(tmp_path), records_of(tmp_path)
    (tmp_path / 'scores').touch()
    for number, records in enumerate((ours, theirs, ours, theirs)):
        key = RunKey('a', 'b', number // 2)
        records.append(key, dict(metrics={}), tmp_path / 'scores')

    assert recorded(out) == [('a', 0), ('a', 1)]
    assert ours.find(RunKey('a', 'b', 0)) == theirs.find(RunKey('a', 'b', 0))


def test_a_record_waits_until_no_other_process_appends(tmp_path, out):
    records, key = records_of(tmp_path), RunKey('a', 'b', 0)
    (tmp_path / 'scores').touch()
    records.path.parent.mkdir(parents=True)
    task = Thread(
        target=records.append, args=(key, dict(metrics={}), tmp_path / 'scores')
    )
    with records.path.open('ab') as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        task.start()
        task.join(timeout=0.2)

        assert task.is_alive()
        assert recorded(out) == []

    task.join()
    assert recorded(out) == [('a', 0)]


def _start_study(folder: Path, out: Path) -> subprocess.Popen:
    """Run it in a process of its own until a training waits."""
    (out / 'obstacle pisr seed0').write_text('wait')
    path = Path(tiny_study.__file__)
    study = subprocess.Popen([sys.executable, str(path), str(folder)])
    while not (out / 'waiting').exists():
        assert study.poll() is None
        time.sleep(0.02)
    return study


def _has_ended(pid: int) -> bool:
    """Whether a process ends within seconds."""
    for _ in range(200):
        if not _runs(pid):
            return True
        time.sleep(0.02)
    return False


def _runs(pid: int) -> bool:
    """Whether a process is alive, and no zombie that nobody waits for."""
    try:
        os.kill(pid, 0)
        return Path(f'/proc/{pid}/stat').read_text().split()[2] != 'Z'
    except (ProcessLookupError, FileNotFoundError):
        return False
