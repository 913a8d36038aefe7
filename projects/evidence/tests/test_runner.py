import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evidence.records import RunKey, identify, read_records, study_frame

PROJECT = str(Path(__file__).resolve().parents[1])
STEPS = 'train', 'test'
RUNS = 'base seed0', 'pisr seed0', 'base seed1', 'pisr seed1'
RUN = """
import sys
from pathlib import Path
from mmpisr.apis.commands import exit_on_sigterm
from evidence import training
from evidence.runner import run_studies
from evidence.study_file import read_study
folder = Path(sys.argv[1])
training.model_cost = lambda cfg: {}
exit_on_sigterm()
run_studies(
    [read_study(folder / 'tiny.yaml')], out=folder / 'out', jobs=1,
    records=folder / 'runs.jsonl', tools=folder, poll_seconds=0.01,
)
"""


def runs(tiny, study, label):
    frame = study_frame(study, read_records(tiny.records))
    return frame[frame['label'] == label]


def test_each_run_is_trained_tested_and_recorded_once_in_order(tiny, capsys):
    assert tiny.run(threads=3) == {}

    assert tiny.calls() == [f'{step} {run}' for run in RUNS for step in STEPS]
    assert tiny.recorded() == [('base', 0), ('pisr', 0), ('base', 1), ('pisr', 1)]
    record = runs(tiny, tiny.study(), 'PISR').iloc[1]
    fields = 'PQ', 'threads', 'iterations', 'attempts', 'seconds_per_iteration'
    assert [record[field] for field in fields] == [50, 3, 4, 1, 0.5]
    assert [p.name for p in tiny.out.glob('runs/base-*/seed0/*.pth')] == ['iter_2.pth']
    assert '4/4 runs' in capsys.readouterr().out

    assert tiny.run() == {}
    assert len(tiny.calls()) == 8
    assert capsys.readouterr().out.strip() == 'all 4 runs are recorded'


def test_a_failing_run_shows_its_log_and_the_others_go_on(tiny):
    (tiny.out / 'obstacle pisr seed0').write_text('fail')

    failures = tiny.run(jobs=2)

    (name,) = failures
    assert re.fullmatch(r'PISR \(pisr-\w+\), seed 0', name)
    assert 'exit status 1' in str(failures[name])
    assert 'out of luck' in str(failures[name])
    assert sorted(tiny.recorded()) == [('base', 0), ('base', 1), ('pisr', 1)]

    (tiny.out / 'obstacle pisr seed0').unlink()
    assert tiny.run() == {}
    assert tiny.calls()[-2:] == ['train pisr seed0', 'test pisr seed0']
    record = runs(tiny, tiny.study(), 'PISR').set_index('seed').loc[0]
    assert record['attempts'] == 2


@pytest.mark.parametrize('end', [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_a_training_it_goes_on_from_there(tiny, end):
    tiny.study()
    (tiny.out / 'obstacle pisr seed0').write_text('wait')
    path = os.pathsep.join([PROJECT, os.environ.get('PYTHONPATH', '')])
    process = subprocess.Popen(
        [sys.executable, '-c', RUN, str(tiny.folder)],
        env={**os.environ, 'PYTHONPATH': path},
    )
    while not (tiny.out / 'waiting').exists():
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, end)
    process.wait()
    stat = Path('/proc', (tiny.out / 'waiting').read_text(), 'stat')
    for _ in range(200):
        if not stat.exists() or stat.read_text().split()[2] == 'Z':
            break
        time.sleep(0.02)
    else:
        pytest.fail('the training still runs')
    assert tiny.recorded() == [('base', 0)]

    (tiny.out / 'obstacle pisr seed0').unlink()
    assert tiny.run() == {}

    assert tiny.calls().count('train base seed0') == 1
    assert tiny.calls().count('train pisr seed0') == 2
    assert sorted(tiny.recorded()) == [(n, s) for n in ('base', 'pisr') for s in (0, 1)]


@pytest.mark.parametrize('lost', ['trained', 'record'])
def test_what_a_kill_left_undone_is_done_and_nothing_else(tiny, lost):
    tiny.run(only=['base'])
    lines = tiny.records.read_text().splitlines(keepends=True)
    tiny.records.write_text(lines[0] + lines[1][: len(lines[1]) // 2])  # torn
    if lost == 'trained':
        next(tiny.out.glob('runs/base-*/seed1/trained.json')).unlink()
    shutil.rmtree(next(tiny.out.glob('runs/base-*/seed1/tests')))
    before = len(tiny.calls())

    assert tiny.run(only=['base']) == {}

    again = dict(trained=['train', 'test'], record=['test'])[lost]
    assert tiny.calls()[before:] == [f'{step} base seed1' for step in again]
    assert tiny.recorded() == [('base', 0), ('base', 1)]


def test_a_changed_config_is_trained_anew_and_not_mixed_with_the_old_one(tiny):
    for rate in (1, 2):
        options = {'optim_wrapper.lr': rate}
        assert tiny.run(tiny.study(options=options), only=['base']) == {}

    assert tiny.calls() == [f'{s} base seed{n}' for n in (0, 1) for s in STEPS] * 2
    assert len(tiny.recorded()) == 4
    found = runs(tiny, tiny.study(options=options), 'base')
    assert [o['optim_wrapper.lr'] for o in found['options']] == [2, 2]


def test_studies_train_what_they_share_once(tiny):
    ours = dict(label='ours', config='pisr.py', options={'model.slots': 20})
    other = tiny.study(ours, name='other', seeds=[1, 2])  # 20 is what the config has

    assert tiny.run(tiny.study(), other, jobs=2) == {}

    both = [(n, s) for n in ('base', 'pisr') for s in range(3)]
    assert sorted(c for c in tiny.calls() if 'train' in c) == sorted(
        f'train {name} seed{seed}' for name, seed in both
    )


def test_a_model_tested_otherwise_is_not_trained_again(tiny):
    more = dict(label='at 5', trained_as='PISR', options={'model.slots': 5})
    study = tiny.study(more)

    assert tiny.run(study, jobs=2) == {}

    assert tiny.calls().count('train pisr seed0') == 1
    assert tiny.calls().count('test pisr seed0') == 2
    assert runs(tiny, study, 'PISR')['PQ'].tolist() == [50, 50]
    assert runs(tiny, study, 'at 5')['PQ'].tolist() == [5, 5]
    assert runs(tiny, study, 'at 5')['tested_with'].tolist() == [{'model.slots': 5}] * 2


def test_a_training_starts_from_the_model_of_its_seed_which_is_trained_first(tiny):
    study = tiny.study(dict(label='warm', config='pisr.py', starts_from='base'))

    assert tiny.run(study, jobs=2, only=['warm']) == {}

    assert sorted(tiny.recorded()) == [('pisr', 0), ('pisr', 1)]
    warm, _ = identify(study, study.find('warm'))
    base, _ = identify(study, study.base)
    assert warm != identify(study, study.find('PISR'))[0]
    for seed in (0, 1):
        folder = tiny.out / 'runs'
        command = (folder / warm / f'seed{seed}' / 'command').read_text()
        assert f'load_from={folder / base / f"seed{seed}" / "iter_2.pth"}' in command
        order = [c for c in tiny.calls() if c.endswith(f'seed{seed}') and 'train' in c]
        assert order == [f'train base seed{seed}', f'train pisr seed{seed}']


def test_a_training_whose_start_fails_is_not_begun(tiny):
    (tiny.out / 'obstacle base seed0').write_text('fail')
    study = tiny.study(
        dict(label='warm', config='pisr.py', starts_from='base'), seeds=[0]
    )

    failures = tiny.run(study, only=['warm'])

    assert [name.split(' (')[0] for name in failures] == ['base', 'warm']
    assert 'its start, is not trained' in str([*failures.values()][1])
    assert tiny.calls() == ['train base seed0']


def test_a_training_begun_with_other_data_is_refused_with_both_digests(tiny):
    (tiny.out / 'obstacle base seed0').write_text('fail')
    study = tiny.study(seeds=[0])
    tiny.run(study, only=['base'])
    (tiny.folder / 'a.json').write_text('{"images": []}')

    (error,) = tiny.run(study, only=['base']).values()

    assert re.search(r'run.json: data: .*with \w{16}, .*now \w{16};', str(error))


def test_records_of_other_data_are_refused_with_both_digests(tiny):
    assert tiny.run(only=['base']) == {}
    (tiny.folder / 'a.json').unlink()
    assert tiny.run(only=['base']) == {}  # a recorded run needs no data
    (tiny.folder / 'a.json').write_text('{"images": []}')

    message = r"runs\.jsonl: data: 'base', seed 0 .*with \w{16}, .*now \w{16};"
    with pytest.raises(ValueError, match=message):
        tiny.run()


def test_without_data_nothing_is_started_and_the_file_is_named(tiny):
    (tiny.folder / 'a.json').unlink()

    with pytest.raises(FileNotFoundError, match=r'a\.json: no such .*docs/datasets'):
        tiny.run()

    assert tiny.calls() == []


def test_an_unknown_label_is_refused(tiny):
    with pytest.raises(ValueError, match=r"--only \['OCR'\].*\['PISR', 'base'\]"):
        tiny.run(only=['OCR'])


def test_two_processes_do_not_work_in_one_folder(tiny):
    hold = 'import fcntl, sys; f = open(sys.argv[1], "w"); '
    hold += 'fcntl.flock(f, fcntl.LOCK_EX); print("!", flush=True); sys.stdin.read()'
    command = [sys.executable, '-c', hold, str(tiny.out / 'lock')]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as holder:
        assert holder.stdout.read(1) == b'!'
        with pytest.raises(ValueError, match=r'out: another run\.py works there'):
            tiny.run()
        holder.stdin.close()


def test_a_line_that_is_no_record_is_refused(tiny):
    tiny.run()
    with tiny.records.open('a') as file:
        file.write('<<<<<<< HEAD\n')

    with pytest.raises(ValueError, match=r'runs\.jsonl: line 5: .*<<<<<<< HEAD'):
        tiny.run()


def test_a_figure_that_is_not_defined_is_null_in_the_file(tiny):
    script = (tiny.folder / 'test.py').read_text()
    script = script.replace("'time': 1", "'coco_panoptic/AP_l': float('nan')")
    (tiny.folder / 'test.py').write_text(script)

    tiny.run(tiny.study(seeds=[0]), only=['base'])

    (record,) = read_records(tiny.records).values()
    assert record['AP_l'] is None
    assert 'NaN' not in tiny.records.read_text()
    assert json.loads(tiny.records.read_text())['PQ'] == 50
    assert RunKey(record['training'], record['test'], 0) in read_records(tiny.records)
